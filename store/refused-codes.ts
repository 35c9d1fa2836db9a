/** Codes of ClickHouse that mean that the statement is wrong, so that the same statement cannot succeed. */
export const REFUSED_CODES: ReadonlySet<string> = new Set([
  ...['16', '26', '27', '36', '43', '46', '47', '53', '60', '62', '81', '117', '164', '497'],
  // Who asks is not let in.
  ...['192', '193', '194', '516'],
]);
