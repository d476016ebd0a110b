// The tests bring their own browser: the system's Chromium, or the one inside @sparticuz/chromium.
module.exports = { skipDownload: true };
