// Loops that do nothing but move memory: what the roofline's slopes are measured with. They stand beside the ladder because
// they need the same vectors.

/// Sums `count` numbers, `passes` times over. `count` must be a multiple of eight vectors.
public func streamRead(_ x: UnsafePointer<Float>, _ count: Int, passes: Int) -> Float {
  var (s0, s1, s2, s3) = (Vector(), Vector(), Vector(), Vector())
  var (s4, s5, s6, s7) = (Vector(), Vector(), Vector(), Vector())
  for _ in 0..<passes {
    var i = 0
    while i < count {
      let place = x + i
      s0 += load(place)
      s1 += load(place + width)
      s2 += load(place + 2 * width)
      s3 += load(place + 3 * width)
      s4 += load(place + 4 * width)
      s5 += load(place + 5 * width)
      s6 += load(place + 6 * width)
      s7 += load(place + 7 * width)
      i += 8 * width
    }
  }
  return ((s0 + s1) + (s2 + s3) + (s4 + s5) + (s6 + s7)).sum()
}

/// Writes `count` numbers, `passes` times over.
public func streamWrite(_ y: UnsafeMutablePointer<Float>, _ count: Int, passes: Int) {
  for pass in 0..<passes {
    let value = Vector(repeating: Float(pass))
    var i = 0
    while i < count {
      store(value, y + i)
      store(value, y + i + width)
      store(value, y + i + 2 * width)
      store(value, y + i + 3 * width)
      i += 4 * width
    }
  }
}

/// y = x, `passes` times over.
public func streamCopy(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int, passes: Int) {
  for _ in 0..<passes {
    var i = 0
    while i < count {
      let (a, b) = (load(x + i), load(x + i + width))
      store(a, y + i)
      store(b, y + i + width)
      i += 2 * width
    }
  }
}

/// y = y · factor + x, `passes` times over: two reads and a write, STREAM's triad in place.
public func streamTriad(
  _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int, factor: Float, passes: Int
) {
  for _ in 0..<passes {
    var i = 0
    while i < count {
      let a = multiplyAdd(load(x + i), factor, load(y + i))
      let b = multiplyAdd(load(x + i + width), factor, load(y + i + width))
      store(a, y + i)
      store(b, y + i + width)
      i += 2 * width
    }
  }
}
