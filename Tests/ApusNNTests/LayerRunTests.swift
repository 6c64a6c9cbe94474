import ApusTensor
import Testing

@testable import ApusNN

/// Layers that a `Sequential` computes together, against the same layers one by one.
@Suite struct LayerRunTests {
  /// Results and gradients of a model on one batch: together, and layer by layer.
  func compare(
    _ make: () -> Layers<Double>.Sequential, _ shape: Shape, location: SourceLocation = #_sourceLocation
  ) {
    var random = Random(seed: 3)
    let images = Tensor<Double>.normal(shape, using: &random)
    func run(_ forward: (Layers<Double>.Sequential, Tensor<Double>) -> Tensor<Double>) -> [[Double]] {
      let model = withSeed(4) { make() }
      model.train()
      let x = images.requiringGradient()
      let y = forward(model, x)
      (y * y).sum().backward()
      return [y.scalars, x.gradient?.scalars ?? []] + model.parameters.map { $0.gradient?.scalars ?? [] }
    }
    let together = run { $0($1) }
    let apart = run { model, x in model.modules.reduce(x) { $1($0) } }
    #expect(together.count == apart.count, sourceLocation: location)
    for (a, b) in zip(together, apart) {
      #expect(a.count == b.count && !a.isEmpty, sourceLocation: location)
      let scale = b.reduce(1) { max($0, $1.magnitude) }
      #expect(zip(a, b).allSatisfy { ($0 - $1).magnitude <= 1e-12 * scale }, sourceLocation: location)
    }
  }

  typealias L = Layers<Double>

  @Test func convolutionRectifierPooling() {
    compare(
      {
        L.Sequential {
          L.Conv2d(2, 3, kernelSize: 3); L.ReLU(); L.MaxPool2d(2); L.Flatten()
        }
      }, [3, 2, 9, 8])
    compare(
      {
        L.Sequential {
          L.Conv2d(2, 3, kernelSize: 3, stride: 2, padding: 1, bias: false); L.MaxPool2d(2); L.ReLU()
        }
      },
      [2, 2, 12, 9])
  }

  @Test func withDropoutOfChannels() {
    compare(
      {
        L.Sequential {
          L.Conv2d(2, 8, kernelSize: 3); L.Dropout2d(); L.MaxPool2d(2); L.ReLU()
        }
      }, [3, 2, 9, 8])
  }

  @Test func denseRectifier() {
    compare(
      {
        L.Sequential {
          L.Linear(7, 5); L.ReLU(); L.Linear(5, 4, bias: false); L.ReLU()
        }
      }, [3, 7])
    compare(
      {
        L.Sequential {
          L.Linear(7, 5); L.ReLU()
        }
      }, [2, 3, 7])
  }

  /// What looks alike and is not: windows of another size, strides, layers between.
  @Test func whatIsLeftApart() {
    compare(
      {
        L.Sequential {
          L.Conv2d(2, 3, kernelSize: 3); L.ReLU(); L.MaxPool2d(3)
        }
      }, [2, 2, 9, 8])
    compare(
      {
        L.Sequential {
          L.Conv2d(2, 3, kernelSize: 3); L.ReLU(); L.MaxPool2d(2, stride: 1)
        }
      }, [2, 2, 9, 8])
    compare(
      {
        L.Sequential {
          L.Conv2d(2, 3, kernelSize: 3); L.Tanh(); L.MaxPool2d(2)
        }
      }, [2, 2, 9, 8])
    compare(
      {
        L.Sequential {
          L.Conv2d(2, 3, kernelSize: 3, padding: .same); L.ReLU(); L.MaxPool2d(2)
        }
      }, [2, 2, 9, 8])
    compare(
      {
        L.Sequential {
          L.Linear(7, 5); L.Tanh()
        }
      }, [3, 7])
    let runs = LayerRun<Double>.cut([L.Conv2d(1, 1, kernelSize: 3), L.ReLU(), L.MaxPool2d(3), L.Linear(3, 3), L.ReLU()])
    #expect(runs.count == 4)
  }

  /// Whoever watches sees every layer.
  @Test func summariesShowEveryLayer() {
    let model = Sequential {
      Conv2d(1, 2, kernelSize: 3); ReLU(); MaxPool2d(2); Flatten(); Linear(18, 4); ReLU()
    }
    #expect(ForwardObserver.modules { _ = model(Tensor<Float>.zeros([1, 1, 8, 8])) }.count == 6)
  }
}
