import ApusTensor
import Foundation
import Testing

@testable import ApusData

/// The interpreter that PYTHON names, or python3, when it has NumPy.
private let pythonWithNumPy: String? = {
  let name = ProcessInfo.processInfo.environment["PYTHON"] ?? "python3"
  return run(name, "import numpy") == 0 ? name : nil
}()

private func run(_ python: String, _ program: String, _ words: [String] = []) -> Int32 {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [python, "-c", program] + words
  process.standardError = FileHandle.nullDevice
  guard (try? process.run()) != nil else { return -1 }
  process.waitUntilExit()
  return process.terminationStatus
}

/// npy and npz beside NumPy itself; skipped where PYTHON (or python3) has no NumPy.
@Suite(.enabled(if: pythonWithNumPy != nil, "PYTHON, or python3, has no NumPy")) struct NumPyAgreementTests {
  @Test func whatNumPyWritesIsRead() throws {
    let python = try #require(pythonWithNumPy)
    try withTemporaryDirectory { folder in
      let program = """
        import sys, numpy as np
        from numpy.lib import format
        folder = sys.argv[1]
        x = np.arange(24).reshape(2, 3, 4)
        number = 0
        for code in ['<f8', '>f8', '<f4', '>f4', '<f2', '>f2', '<i8', '>i4', '<i2', '|i1', '<u8', '>u4', '<u2', '|u1']:
          for array in [x.astype(code), np.asfortranarray(x.astype(code)), x.astype(code)[:, ::2, :]]:
            for version in [(1, 0), (2, 0), (3, 0)]:
              with open(f'{folder}/{number}.npy', 'wb') as file: format.write_array(file, array, version)
              number += 1
        np.savez(f'{folder}/stored.npz', a=x.astype('f4'), b=x[0])
        np.savez_compressed(f'{folder}/deflated.npz', a=x.astype('f4'), b=x[0])
        """
      #expect(run(python, program, [folder]) == 0)
      let whole = (0..<24).map(Double.init)
      let every = whole.filter { Int($0) / 4 % 3 != 1 }
      for number in 0..<14 * 9 {
        let array = try NPYFile(path: "\(folder)/\(number).npy")
        let isSliced = number / 3 % 3 == 2
        #expect(array.shape == (isSliced ? [2, 2, 4] : [2, 3, 4]), "\(number)")
        #expect(try array.tensor(Double.self).scalars == (isSliced ? every : whole), "\(number)")
      }
      for name in ["stored", "deflated"] {
        let archive = try NPZFile(path: "\(folder)/\(name).npz")
        #expect(archive.entries.map(\.name) == ["a", "b"])
        #expect(try archive["a"]?.tensor(Double.self).scalars == whole)
        #expect(try archive["b"]?.integers().values == Array(0..<12))
      }
    }
  }

  @Test func whatIsWrittenNumPyReads() throws {
    let python = try #require(pythonWithNumPy)
    try withTemporaryDirectory { folder in
      let tensor = Tensor<Float>((0..<6).map { Float($0) / 4 - 0.5 }, shape: [2, 3])
      try NPYFile(tensor).write(to: "\(folder)/f4.npy")
      try NPYFile(tensor, as: .float16).write(to: "\(folder)/f2.npy")
      try NPYFile(tensor, as: .float64).write(to: "\(folder)/f8.npy")
      try NPYFile(IndexTensor([7, -8], shape: [2])).write(to: "\(folder)/i8.npy")
      try NPYFile([1, 2, 255], shape: [3, 1]).write(to: "\(folder)/u1.npy")
      try NPYFile(Tensor<Float>([5], shape: [])).write(to: "\(folder)/scalar.npy")
      var archive = NPZFile()
      archive["x"] = NPYFile(tensor)
      archive["n"] = NPYFile(IndexTensor([7, -8], shape: [2]))
      try archive.write(to: "\(folder)/all.npz")
      let program = """
        import sys, numpy as np
        folder = sys.argv[1]
        x = (np.arange(6) / 4 - 0.5).reshape(2, 3)
        for code in ['f2', 'f4', 'f8']:
          y = np.load(f'{folder}/{code}.npy'); assert y.dtype == code and (y == x).all(), code
          with open(f'{folder}/numpy.npy', 'wb') as file: np.save(file, x.astype(code))
          assert open(f'{folder}/numpy.npy', 'rb').read() == open(f'{folder}/{code}.npy', 'rb').read(), code
        assert (np.load(f'{folder}/i8.npy') == [7, -8]).all()
        assert np.load(f'{folder}/u1.npy').tolist() == [[1], [2], [255]]
        assert np.load(f'{folder}/scalar.npy').shape == ()
        z = np.load(f'{folder}/all.npz'); assert sorted(z.files) == ['n', 'x'] and (z['x'] == x).all() and z['n'][1] == -8
        """
      #expect(run(python, program, [folder]) == 0)
    }
  }
}
