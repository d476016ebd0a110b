/** Launch geometry shared by every host twin. */
import { check } from "../tensor/check";

/** WebGPU's default limit on workgroups along one axis. */
const MAX_WORKGROUPS = 65535;

/**
 * Workgroups for `count` invocations in workgroups of `size`, spread over two axes where one does not suffice.
 * The kernel finds its index as `(workgroup_id.y * num_workgroups.x + workgroup_id.x) * size + lane`.
 */
export function linearWorkgroups(where: string, count: number, size: number): [number, number, number] {
  const total = Math.ceil(count / size);
  check(total <= MAX_WORKGROUPS ** 2, () => `${where}: too large for one dispatch, got ${count} invocations`);
  const y = Math.ceil(total / MAX_WORKGROUPS);
  return [Math.ceil(total / y), y, 1];
}
