//go:build !cgo || !stubs

package stubs

// Load does nothing: this binary was linked with the libraries, or has none.
func Load() error { return nil }

// Lacking returns nil: a binary that was linked with the libraries doesn't start where they lack a function.
func Lacking() error { return nil }
