// What this CPU can do at most: multiply-adds on registers, with nothing to wait for. Benchmarks divide by it.
//
// A multiply-add takes 4 or 5 cycles, and a core starts up to two in each, so ten or more must be under way at once.
// Twelve independent chains are enough, and with their two constants fit the 16 registers of AVX2. They are built as a
// type, as the register tile is (RegisterTile.swift says why).

/// Some independent chains of multiply-adds.
protocol Chains {
  associatedtype Vector: KernelVector
  static var count: Int { get }
  init(_ start: Vector)
  /// Replaces each value by `addend + value * factor`.
  mutating func step(factor: Vector, addend: Vector)
  var total: Vector { get }
}

struct Chain<Vector: KernelVector>: Chains {
  var value: Vector

  @inline(__always) static var count: Int { 1 }
  @inline(__always) init(_ start: Vector) { value = start }
  @inline(__always) var total: Vector { value }

  @inline(__always)
  mutating func step(factor: Vector, addend: Vector) { value = addend.adding(value, times: factor) }
}

struct BothChains<First: Chains, Second: Chains>: Chains where First.Vector == Second.Vector {
  var first: First
  var second: Second

  @inline(__always) static var count: Int { First.count + Second.count }
  @inline(__always) var total: First.Vector { first.total + second.total }

  @inline(__always)
  init(_ start: First.Vector) {
    first = First(start)
    // Each chain starts from another number, or the optimizer would see that some compute the same.
    second = Second(start + First.Vector(repeating: First.Vector.Scalar(First.count)))
  }

  @inline(__always)
  mutating func step(factor: First.Vector, addend: First.Vector) {
    first.step(factor: factor, addend: addend)
    second.step(factor: factor, addend: addend)
  }
}

private typealias Two<T: Chains> = BothChains<T, T>
private typealias Twelve<Vector: KernelVector> = BothChains<Two<Two<Two<Chain<Vector>>>>, Two<Two<Chain<Vector>>>>

@inline(__always)
private func run<Vector: KernelVector>(
  _: Vector.Type, steps: Int, start: Vector.Scalar, factor: Vector.Scalar, addend: Vector.Scalar
) -> Vector.Scalar {
  var chains = Twelve<Vector>(Vector(repeating: start))
  let (factor, addend) = (Vector(repeating: factor), Vector(repeating: addend))
  for _ in 0..<steps { chains.step(factor: factor, addend: addend) }
  return chains.total[0]
}

extension FloatKernels {
  /// Operations of one step of `multiplyAdd`, a multiply-add being two.
  public static var operationsPerStep: Int { 2 * Twelve<FloatVector>.count * FloatVector.width }

  /// Multiply-adds on registers and nothing else. With a factor below 1 the values stay finite.
  public static func multiplyAdd(steps: Int, start: Float, factor: Float, addend: Float) -> Float {
    run(FloatVector.self, steps: steps, start: start, factor: factor, addend: addend)
  }
}

extension DoubleKernels {
  /// Operations of one step of `multiplyAdd`, a multiply-add being two.
  public static var operationsPerStep: Int { 2 * Twelve<DoubleVector>.count * DoubleVector.width }

  /// Multiply-adds on registers and nothing else. With a factor below 1 the values stay finite.
  public static func multiplyAdd(steps: Int, start: Double, factor: Double, addend: Double) -> Double {
    run(DoubleVector.self, steps: steps, start: start, factor: factor, addend: addend)
  }
}
