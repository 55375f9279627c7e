import { MyPaasError } from "../error.ts";
import { Label } from "../service/names.ts";

/**
 * Nothing without our instance label is changed.
 *
 * @throws {MyPaasError} when the object of that kind and name has none
 */
export function refuseForeign(kind: string, name: string, labels: Readonly<Record<string, string>>): void {
  if (labels[Label.instance] !== undefined) return;
  throw new MyPaasError(`Cannot change the ${kind} "${name}": MyPaas did not make it`, {
    hint: `Rename or remove it yourself if MyPaas shall use its name`,
  });
}
