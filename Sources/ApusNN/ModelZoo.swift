import ApusTensor

/// Small classifiers of 28×28 grey images, by name.
///
/// All take [batch, 1, 28, 28] and give [batch, 10]. They are plain `Sequential` models, so a file of their weights
/// loads in PyTorch into the `nn.Sequential` of the same layers.
public enum ModelZoo: String, CaseIterable, Sendable {
  /// Two convolutions with dropout, 21,840 parameters; gives log-probabilities. The seed model.
  case cnn
  /// One hidden layer of 128, 101,770 parameters.
  case mlp
  /// Two hidden layers, 128 and 64, 109,386 parameters.
  case mlp3
  /// One wide convolution and a dense layer, 46,922 parameters.
  case cnnWide = "cnn-wide"
  /// Two 3×3 convolutions and a hidden layer with dropout, 225,034 parameters.
  case kerasCNN = "keras-cnn"
  /// Four 3×3 convolutions with batch normalisation and a hidden layer with dropout, 195,410 parameters. Made to be the best.
  case deepCNN = "deep-cnn"
  /// An LSTM that reads the image row by row, 82,186 parameters.
  case rowLSTM = "row-lstm"

  /// The model called `name` on the command line, as `"cnn-wide"`; nil when there is none.
  public init?(name: String) {
    self.init(rawValue: name)
  }

  /// The name, as `"cnn-wide"`.
  public var name: String { rawValue }

  /// What is in the model, in a line.
  public var summary: String {
    switch self {
    case .cnn: "conv 10 5×5, conv 20 5×5, dense 50, dropout, log-softmax"
    case .mlp: "dense 128"
    case .mlp3: "dense 128, dense 64"
    case .cnnWide: "conv 32 5×5"
    case .kerasCNN: "conv 32 3×3, conv 64 3×3, dense 128, dropout"
    case .deepCNN: "conv 24, 32, 64, 64 3×3 and dense 128, each with batch norm; dropout"
    case .rowLSTM: "LSTM 128 over the rows of the image"
    }
  }

  /// Whether the output is log-probabilities (the loss is then `nllLoss`) rather than scores (`crossEntropy`).
  public var givesLogProbabilities: Bool { self == .cnn }

  /// A new model with weights from the seed of the `withSeed` around the call.
  public func make() -> Sequential { make(Float.self) }

  /// A new model of `Float` or `Double`, with weights from the seed of the `withSeed` around the call.
  public func make<Scalar: TensorScalar>(_: Scalar.Type) -> Layers<Scalar>.Sequential {
    typealias L = Layers<Scalar>
    return switch self {
    case .cnn:
      L.Sequential {
        L.Conv2d(1, 10, kernelSize: 5)
        L.MaxPool2d(2)
        L.ReLU()
        L.Conv2d(10, 20, kernelSize: 5)
        L.Dropout2d()
        L.MaxPool2d(2)
        L.ReLU()
        L.Flatten()
        L.Linear(320, 50)
        L.ReLU()
        L.Dropout()
        L.Linear(50, 10)
        L.LogSoftmax()
      }
    case .mlp:
      L.Sequential {
        L.Flatten()
        L.Linear(784, 128)
        L.ReLU()
        L.Linear(128, 10)
      }
    case .mlp3:
      L.Sequential {
        L.Flatten()
        L.Linear(784, 128)
        L.ReLU()
        L.Linear(128, 64)
        L.ReLU()
        L.Linear(64, 10)
      }
    case .cnnWide:
      L.Sequential {
        L.Conv2d(1, 32, kernelSize: 5)
        L.ReLU()
        L.MaxPool2d(2)
        L.Flatten()
        L.Linear(4608, 10)
      }
    case .kerasCNN:
      L.Sequential {
        L.Conv2d(1, 32, kernelSize: 3)
        L.ReLU()
        L.MaxPool2d(2)
        L.Conv2d(32, 64, kernelSize: 3)
        L.ReLU()
        L.MaxPool2d(2)
        L.Flatten()
        L.Linear(1600, 128)
        L.ReLU()
        L.Dropout(0.5)
        L.Linear(128, 10)
      }
    case .deepCNN:
      // No bias before a normalisation, which would take it off again.
      L.Sequential {
        L.Conv2d(1, 24, kernelSize: 3, bias: false)
        L.BatchNorm2d(24)
        L.ReLU()
        L.Conv2d(24, 32, kernelSize: 3, bias: false)
        L.BatchNorm2d(32)
        L.ReLU()
        L.MaxPool2d(2)
        L.Conv2d(32, 64, kernelSize: 3, bias: false)
        L.BatchNorm2d(64)
        L.ReLU()
        L.Conv2d(64, 64, kernelSize: 3, bias: false)
        L.BatchNorm2d(64)
        L.ReLU()
        L.MaxPool2d(2)
        L.Flatten()
        L.Dropout(0.3)
        L.Linear(1024, 128, bias: false)
        L.BatchNorm1d(128)
        L.ReLU()
        L.Dropout(0.3)
        L.Linear(128, 10)
      }
    case .rowLSTM:
      L.Sequential {
        L.Rows()
        L.LastState(L.LSTM(28, 128, batchFirst: true))
        L.Linear(128, 10)
      }
    }
  }
}
