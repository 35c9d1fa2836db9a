/**
 * Which of several slices alarm, with the share of false ones among them kept below 1 / A: the j largest, for the largest j at
 * which the j-th has at least A × slices / j. One slice that is bad alone needs A × slices; many that are bad together
 * need less each. Slices may overlap and depend on each other in any way.
 *
 * @param logEvidences - of detectors that look at the same times, in any order
 * @param logThreshold - log A of one slice alone
 * @returns for each slice whether it alarms
 * @see R. Wang and A. Ramdas (2022), False discovery rate control with e-values, JRSS B 84(3), 822-852
 */
export function alarmingSlices(logEvidences: readonly number[], logThreshold: number): readonly boolean[] {
  const descending = [...logEvidences].sort((a, b) => b - a);
  const slices = descending.length;
  const last = descending.findLastIndex((value, index) => value >= logThreshold + Math.log(slices / (index + 1)));
  const least = descending[last];
  return logEvidences.map((value) => least !== undefined && value >= least);
}
