import ApusTraining
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Ctrl-C (SIGINT) and SIGTERM as a wish to end soon instead of at once.
///
/// The first signal cancels `cancellation`; the handler is then taken away, so that a second one ends the program as if
/// there had never been one.
enum Interrupt {
  /// What a training run watches.
  static let cancellation = Cancellation()

  /// The signal that came, nil when none did.
  static var signalNumber: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  private static let received = Atomic<Int32>(0)

  /// Takes over both signals.
  static func watch() {
    // Touched here, so that the handler finds them made: making them inside of it would not be safe.
    _ = signalNumber
    _ = cancellation.isCancelled
    // A parent that had them blocked (a thread of Dispatch, say) passes that on.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        // Only what may be done inside of a signal handler: atomic stores, and `signal` itself.
        Interrupt.received.store(number, ordering: .relaxed)
        Interrupt.cancellation.cancel()
        signal(number, SIG_DFL)
      }
    }
  }
}
