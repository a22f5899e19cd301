/**
 * Lists every combination of fact values.
 *
 * @param values the values of each fact
 */
export function listCases<Facts extends object>(
  values: { readonly [Name in keyof Facts]: readonly Facts[Name][] },
): Facts[] {
  let cases: Partial<Facts>[] = [{}];
  for (const name of Object.keys(values) as (keyof Facts)[]) {
    cases = cases.flatMap((one) => values[name].map((value) => ({ ...one, [name]: value })));
  }
  // Every fact has been given a value above.
  return cases as Facts[];
}
