// What users of tensors need of the layer below: the scalar types, and the number of threads.
@_exported import protocol ApusCompute.ComputeScalar
@_exported import enum ApusCompute.Threads
