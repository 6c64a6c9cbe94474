#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Whether operations on this thread are recorded: a thread's own flag, because `withoutGradients` on one thread must
/// not stop the recording of another. Inside a synchronous scope a task stays on its thread.
enum GradientMode {
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let status = pthread_key_create(&key, nil)
    precondition(status == 0, "no thread-specific storage left")
    return key
  }()

  /// How many `withoutGradients` scopes this thread is in.
  private static var depth: Int {
    get { Int(bitPattern: pthread_getspecific(key)) }
    set { pthread_setspecific(key, UnsafeRawPointer(bitPattern: newValue)) }
  }

  @inline(__always)
  static var isRecording: Bool { depth == 0 }

  static func enter() { depth += 1 }
  static func leave() { depth -= 1 }
}

/// Whether operations on tensors that require a gradient are being recorded on this thread.
public var isRecordingGradients: Bool { GradientMode.isRecording }

/// Runs `body` without recording operations: results inside require no gradient, and intermediate values are freed, or
/// overwritten in place, at once. For inference and for updates of parameters. May be nested.
public func withoutGradients<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
  GradientMode.enter()
  defer { GradientMode.leave() }
  return try body()
}
