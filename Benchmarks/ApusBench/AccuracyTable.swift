import Accuracy
import ApusCompute
import Foundation

/// The error of the elementwise functions over all of `Float`, for each kernel set.
struct AccuracyTable {
  let options: Options

  init(_ options: Options) { self.options = options }

  func run() {
    let cases = AccuracyCase.all.filter { options.isChosen($0.name) }
    if cases.isEmpty { options.failNothingChosen() }
    let sets = options.hasInstructionSet ? [InstructionSet.active] : InstructionSet.available
    let printer = Printer(
      options,
      [
        .left(cases.map(\.name), "function"), .left(sets.map(\.rawValue), "kernels"), .right(8, "max ULP"),
        .right(16, "at x ="), .right(8, "denormal"), .right(9, "rounded %"), .right(6, "NaN"), .right(6, "inf"),
        .right(6, "zero"), .right(7, "flushed"), .right(5, "bound"), .right(9, "reference"),
      ])
    let how = options.sample == 1 ? "every Float" : "one Float in \(options.sample)"
    printer.note("\(how); errors in units in the last place, \(threadsInWords(Threads.count))")
    var series = sets.map { BarChart.Series(name: $0.rawValue, values: []) }
    var failures: [String] = []
    for one in cases {
      let sweep = AccuracySweep(
        one.function, stride: options.sample, sets: sets, usesLibraryOnly: options.usesLibraryOnly)
      let result = sweep.run()
      for (index, measure) in result.measures.enumerated() {
        show(measure, of: one, on: sets[index], sweep.count, result, printer)
        series[index].values.append(measure.worst.ulps)
        if measure.worst.ulps > one.bound || measure.wrongSpecials > 0 {
          failures.append("\(one.name) on \(sets[index].rawValue)")
        }
      }
    }
    if let path = options.svg {
      let chart = BarChart(
        title: "Largest error of the elementwise functions", subtitle: how, unit: "units in the last place",
        categories: cases.map(\.name), series: series)
      writeChart(chart.svg(), to: path)
    }
    if !failures.isEmpty { fail("beyond its bound: \(failures.joined(separator: ", "))") }
  }

  private func show(
    _ measure: ErrorMeasure, of one: AccuracyCase, on set: InstructionSet, _ count: Int, _ result: AccuracySweep.Result,
    _ printer: Printer
  ) {
    let rounded = 100 * (1 - Double(measure.misrounded) / Double(count))
    var record = Record()
    record.add("function", one.name)
    record.add("isa", set.rawValue)
    record.add("arguments", count)
    record.add("max_ulp", measure.worst.ulps)
    record.add("argument", Double(measure.worst.argument))
    record.add("argument_bits", String(measure.worst.argument.bitPattern, radix: 16))
    record.add("max_ulp_denormal", measure.worstDenormal.ulps)
    record.add("argument_denormal", Double(measure.worstDenormal.argument))
    record.add("correctly_rounded_percent", rounded)
    record.add("wrong_nan", measure.wrongNaN)
    record.add("wrong_infinity", measure.wrongInfinity)
    record.add("wrong_zero", measure.wrongZero)
    record.add("flushed", measure.flushed)
    record.add("bound", one.bound)
    record.add("reference_error", result.referenceError)
    func ulps(_ worst: ErrorMeasure.Worst) -> String { worst.ulps == 0 ? "≤ 0.5" : String(format: "%.3f", worst.ulps) }
    printer.print(
      record,
      [
        one.name, set.rawValue, ulps(measure.worst), measure.worst.ulps == 0 ? "–" : "\(measure.worst.argument)",
        ulps(measure.worstDenormal), String(format: "%.2f", rounded), "\(measure.wrongNaN)",
        "\(measure.wrongInfinity)", "\(measure.wrongZero)", "\(measure.flushed)", formatted(one.bound),
        result.referenceChecks == 0 ? "libm" : String(format: "%.0e", result.referenceError),
      ])
  }
}
