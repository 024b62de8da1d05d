package rados

import "encoding/binary"

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
