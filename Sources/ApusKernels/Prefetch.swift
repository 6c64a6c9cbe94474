// A word that Swift lacks: asking for a line of memory before it is needed.
//
// A load that misses the caches blocks everything behind it as soon as the window of instructions under way is full, and that
// window is some eight steps of a tile, less than memory takes to answer. A prefetch is forgotten as soon as it is asked.
// The compiler's own module `Builtin`, in whose words the standard library is written, has it; it asks for the
// experimental feature `BuiltinModule`. Without that (Embedded Swift, another build system) kernels are the same but slower.

#if hasFeature(BuiltinModule)
  import Builtin
#endif

/// Asks for the line at `address`, to be read soon. The address may be any, mapped or not: a prefetch never traps.
@inline(__always)
func prefetch(_ address: UnsafeRawPointer) {
  #if hasFeature(BuiltinModule)
    Builtin.int_prefetch_RawPointer(address._rawValue, Int32(0)._value, Int32(3)._value, Int32(1)._value)
  #endif
}

/// Asks for the line at `address`, to be read in some microseconds: it comes into the level-2 cache.
@inline(__always)
func prefetchToLevel2(_ address: UnsafeRawPointer) {
  #if hasFeature(BuiltinModule)
    Builtin.int_prefetch_RawPointer(address._rawValue, Int32(0)._value, Int32(2)._value, Int32(1)._value)
  #endif
}

/// Asks for the line at `address`, to be written soon.
@inline(__always)
func prefetchForWriting(_ address: UnsafeMutableRawPointer) {
  #if hasFeature(BuiltinModule)
    Builtin.int_prefetch_RawPointer(address._rawValue, Int32(1)._value, Int32(3)._value, Int32(1)._value)
  #endif
}
