package rados

import (
	"encoding/binary"
	"strings"
)

// decodeString reads a string as Ceph encodes it: four bytes of length, little endian, then the text. What is no such
// string is empty.
func decodeString(raw []byte) string {
	if len(raw) < 4 {
		return ""
	}
	if int64(binary.LittleEndian.Uint32(raw)) != int64(len(raw)-4) {
		return ""
	}
	return string(raw[4:])
}

// decodeInt64 reads a number as Ceph encodes it: eight bytes, little endian.
func decodeInt64(raw []byte) (int64, bool) {
	if len(raw) != 8 {
		return 0, false
	}
	return int64(binary.LittleEndian.Uint64(raw)), true //nolint:gosec // the bits are a signed number
}

// reader takes values one after the other out of what Ceph encoded. What is too short marks it as failed and reads as zero.
type reader struct {
	rest    []byte
	version byte
	failed  bool
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.failed, r.rest = true, nil
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

// number reads a little-endian number of so many bytes.
func (r *reader) number(bytes uint64) uint64 {
	var n uint64
	for i, b := range r.take(bytes) {
		n |= uint64(b) << (8 * i)
	}
	return n
}

func (r *reader) text() string { return string(r.take(r.number(4))) }

// versioned reads a structure, which begins with its version, the oldest version that can read it, and its length.
func (r *reader) versioned() *reader {
	version := r.number(1)
	r.number(1)
	inner := &reader{rest: r.take(r.number(4)), version: byte(version)} //nolint:gosec // one byte
	inner.failed = r.failed
	return inner
}

// decodeTrashed reads the record of an image in the trash: who has moved it there, and the name that it had.
func decodeTrashed(raw []byte) (source uint64, name string, ok bool) {
	outer := reader{rest: raw}
	r := outer.versioned()
	source, name = r.number(1), r.text()
	return source, name, !outer.failed && !r.failed
}

// plainAddr reduces an address as librados writes it, such as "[v2:192.0.2.7:0/12,v1:...]" or "any:[2001:db8::1]:0/12", to what sessions
// and watchers show.
func plainAddr(addrs string) string {
	first := addrs
	// Brackets stand around a list of addresses, each with its type, and around an IPv6 address.
	if list, isList := strings.CutPrefix(addrs, "["); isList && withoutType(list) != list {
		first, _, _ = strings.Cut(strings.TrimSuffix(list, "]"), ",")
	}
	return withoutType(first)
}

// withoutType is an address without the protocol before it.
func withoutType(addr string) string {
	for _, prefix := range []string{"v1:", "v2:", "any:"} {
		if plain, typed := strings.CutPrefix(addr, prefix); typed {
			return plain
		}
	}
	return addr
}
