import ApusCompute

/// Where a gradient and its numerical estimate differ most.
public struct GradientDifference: Sendable {
  /// The input's name, `input 0`, `input 1` … unless the caller gave names.
  public let input: String
  /// The position of the entry.
  public let position: [Int]
  /// What the backward functions computed.
  public let computed: Double
  /// What the central difference gave.
  public let estimated: Double
  /// |computed − estimated| as a multiple of what the tolerances allow.
  public let excess: Double
}

/// What a gradient check found.
public struct GradientCheckReport: Sendable, CustomStringConvertible {
  /// The operation's name.
  public let name: String
  /// How many entries of the inputs were compared.
  public let entriesChecked: Int
  /// How many entries were passed over, because the function has a kink within reach of the difference.
  public let entriesAtKinks: Int
  /// The entry with the largest difference in terms of the tolerances.
  public let worst: GradientDifference?
  /// Why the check failed; nil when it passed.
  public let failure: String?

  /// Whether every compared entry agreed, and the comparison meant something.
  public var passed: Bool { failure == nil }

  /// One line: the name, the result, and the worst entry.
  public var description: String {
    var text = "\(name): \(failure ?? "passed"), \(entriesChecked) entries"
    if entriesAtKinks > 0 { text += ", \(entriesAtKinks) at kinks" }
    if let worst {
      text += "; worst \(worst.input)\(worst.position): computed \(worst.computed), estimated \(worst.estimated)"
    }
    return text
  }
}

/// How a gradient check compares.
public struct GradientCheckSettings: Sendable {
  /// The difference allowed whatever the size of the gradient.
  public var absoluteTolerance = 1e-8
  /// The difference allowed relative to the gradient.
  public var relativeTolerance = 1e-6
  /// The step of the central difference, relative to an entry's size where that is above 1.
  public var step = 1e-4
  /// The most entries that are compared in each input; larger inputs are sampled.
  public var samplesPerInput = 64
  /// The seed of the random projection and of the sampling.
  public var seed: UInt64 = 0

  /// The default settings.
  public init() {}
}

/// Holds the gradients that `backward()` computes for a function against numerical estimates.
///
/// The loss is L = Σ r · f(inputs) with random numbers r in place of an upstream gradient: a fixed one, such as all ones,
/// would let mistakes cancel. For an entry x of an input, L is evaluated at x ± h and x ± h/2. The central differences
/// D(h) = (L(x + h) − L(x − h)) / 2h have an error of order h², so (4 D(h/2) − D(h)) / 3 has one of order h⁴ (Richardson);
/// with h = 10⁻⁴ what remains is rounding.
///
/// Near a kink, as that of `relu`, the one-sided differences disagree however small h is, and no estimate is right. Such an
/// entry is told by its one-sided differences, and passed over; if there are many of them, the check fails, because then it
/// says little.
///
/// A check whose gradients and estimates are all zero also fails: it shows nothing.
///
/// - Parameters:
///   - name: The function's name, for the report.
///   - inputs: Where to check. They become leaves that require a gradient.
///   - inputNames: Names for the report; numbers unless given.
///   - settings: Tolerances, step and sampling.
///   - function: The function; the same inputs must give the same result each time.
/// - Returns: What was found. The function does not fail by itself: look at `passed`.
public func gradientCheck(
  _ name: String, _ inputs: [Tensor<Double>], inputNames: [String]? = nil,
  settings: GradientCheckSettings = GradientCheckSettings(), _ function: ([Tensor<Double>]) -> Tensor<Double>
) -> GradientCheckReport {
  var random = Random(seed: settings.seed)
  let leaves = inputs.map { $0.detached().contiguous().requiringGradient() }
  let output = function(leaves)
  guard output.requiresGradient else {
    return GradientCheckReport(
      name: name, entriesChecked: 0, entriesAtKinks: 0, worst: nil,
      failure: "failed: the result depends on no input, or its history was not recorded")
  }
  // In ± 0.5 … 1.5: no share is so small that a mistake in it hides.
  let projection = Tensor<Double>(shape: output.shape) { elements in
    for i in elements.indices { elements[i] = (random.next() & 1 == 0 ? 1 : -1) * (0.5 + random.uniform()) }
  }
  output.backward(projection)

  var check = GradientComparison(settings: settings)
  for (number, leaf) in leaves.enumerated() {
    let gradient = leaf.gradient?.scalars ?? [Double](repeating: 0, count: leaf.elementCount)
    var values = leaf.scalars
    func loss(_ entry: Int, _ value: Double) -> Double {
      let original = values[entry]
      values[entry] = value
      defer { values[entry] = original }
      var moved = inputs
      moved[number] = Tensor(values, shape: leaf.shape)
      return withoutGradients { dot(function(moved), projection) }
    }
    let entries = sampledEntries(leaf.elementCount, settings.samplesPerInput, using: &random)
    for entry in entries {
      let estimated = estimate(at: values[entry], step: settings.step) { loss(entry, $0) }
      check.compare(
        gradient[entry], estimated, input: inputNames?[number] ?? "input \(number)",
        position: leaf.shape.position(entry))
    }
  }
  return check.report(name)
}

/// Σ a · b, with the error of the sum compensated: its rounding would be divided by h.
private func dot(_ a: Tensor<Double>, _ b: Tensor<Double>) -> Double {
  var sum = 0.0
  var lost = 0.0
  for (x, y) in zip(a.scalars, b.scalars) {
    let term = x * y
    let next = sum + term
    lost += abs(sum) >= abs(term) ? (sum - next) + term : (term - next) + sum
    sum = next
  }
  return sum + lost
}

/// All entries, or `limit` of them drawn without repetition, the first and the last always among them.
private func sampledEntries(_ count: Int, _ limit: Int, using random: inout Random) -> [Int] {
  guard count > limit else { return Array(0..<count) }
  var chosen: Set<Int> = [0, count - 1]
  while chosen.count < limit { chosen.insert(random.integer(below: count)) }
  return chosen.sorted()
}

/// The derivative of a loss at x; nil where it has a kink nearby.
private func estimate(at x: Double, step: Double, _ loss: (Double) -> Double) -> Double? {
  let h = step * max(1, abs(x))
  let (above, below) = (loss(x + h), loss(x - h))
  let (nearAbove, nearBelow) = (loss(x + h / 2), loss(x - h / 2))
  let here = loss(x)
  let wide = (above - below) / (2 * h)
  let narrow = (nearAbove - nearBelow) / h
  // For a smooth function the one-sided slopes differ by h f″, at half the step by half of that. At a kink they differ by
  // the jump at both steps; beside a kink, at the wide step only, and then the central differences disagree by far more
  // than order h².
  let jump = (above - here) / h - (here - below) / h
  let nearJump = (nearAbove - here) / (h / 2) - (here - nearBelow) / (h / 2)
  let scale = max(abs(wide), abs(narrow), 1e-3)
  let staysOpen = abs(nearJump - jump / 2) > 1e-3 * scale && abs(nearJump) > 1e-3 * scale
  if staysOpen || abs(wide - narrow) > 1e-4 * scale { return nil }
  return (4 * narrow - wide) / 3
}

/// Gathers comparisons into a report.
private struct GradientComparison {
  let settings: GradientCheckSettings
  private var checked = 0
  private var kinks = 0
  private var worst: GradientDifference?
  private var sawGradient = false
  private var sawNonfinite = false

  init(settings: GradientCheckSettings) {
    self.settings = settings
  }

  mutating func compare(_ computed: Double, _ estimated: Double?, input: String, position: [Int]) {
    guard let estimated else {
      kinks += 1
      return
    }
    checked += 1
    if computed != 0 || estimated != 0 { sawGradient = true }
    let allowed = settings.absoluteTolerance + settings.relativeTolerance * max(abs(computed), abs(estimated))
    var excess = abs(computed - estimated) / allowed
    if !excess.isFinite {
      sawNonfinite = true
      excess = .infinity
    }
    if worst == nil || excess > worst!.excess {
      worst = GradientDifference(
        input: input, position: position, computed: computed, estimated: estimated, excess: excess)
    }
  }

  func report(_ name: String) -> GradientCheckReport {
    var failure: String?
    if sawNonfinite {
      failure = "failed: a gradient or an estimate is not finite"
    } else if let worst, worst.excess > 1 {
      failure = "failed: the gradients differ"
    } else if !sawGradient {
      failure = "failed: all gradients and estimates are zero, which shows nothing"
    } else if kinks > checked {
      failure = "failed: most entries lie at kinks"
    }
    return GradientCheckReport(
      name: name, entriesChecked: checked, entriesAtKinks: kinks, worst: worst, failure: failure)
  }
}

extension Shape {
  /// The position of an element in row-major order, one number for each dimension.
  func position(_ element: Int) -> [Int] {
    var rest = element
    return reversed().map { extent in
      defer { rest /= extent }
      return rest % extent
    }.reversed()
  }
}
