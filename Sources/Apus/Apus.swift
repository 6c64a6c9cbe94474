// `import Apus` brings the whole engine: tensors, layers, training and data.
@_exported import ApusData
@_exported import ApusNN
@_exported import ApusTensor
@_exported import ApusTraining
