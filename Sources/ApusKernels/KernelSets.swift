/// The entry points of this build for `Float`. Each concept's file adds its own in an extension; ApusCompute calls
/// them through one protocol, so that the same driver runs on whichever build the CPU can execute.
public enum FloatKernels {}

/// The entry points of this build for `Double`.
public enum DoubleKernels {}
