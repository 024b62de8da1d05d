package ceph

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// The formats in which librbd encrypts an image.
const (
	LUKS1 = "luks1"
	LUKS2 = "luks2"
)

// leastHeaderBytes are the sizes of the headers that librbd writes. It lets the content begin with the next object; newer releases (18.2
// was seen to, 16.2 not), where an image is striped, with the next objects among which it is.
var leastHeaderBytes = map[string]uint64{LUKS1: 4040 * luks1SectorBytes, LUKS2: 16 << 20}

// NewHeaderBytes is how much of a new image librbd's header takes at least, where the image's objects have this size.
func NewHeaderBytes(format string, objectSize uint64) uint64 {
	objectSize = max(objectSize, 1)
	return (leastHeaderBytes[format] + objectSize - 1) / objectSize * objectSize
}

// EncryptionHeader is what the first bytes of an image tell of its encryption.
type EncryptionHeader struct {
	// Format is LUKS1 or LUKS2; empty where the image doesn't begin with such a header.
	Format string
	// Bytes is where the content begins; 0 where a damaged header doesn't tell.
	Bytes uint64
}

// The layout of LUKS headers, whose numbers are big-endian. That of LUKS2 is followed by JSON.
const (
	luksMagic          = "LUKS\xba\xbe"
	luksVersionAt      = len(luksMagic)
	luksHeadBytes      = 592
	luks1PayloadAt     = 104 // in sectors
	luks1SectorBytes   = 512
	luks2HeaderBytesAt = 8
	luks2JSONAt        = 4096
	luks2MaxBytes      = 4 << 20
)

// ReadEncryptionHeader reads the header from the beginning of an image.
func ReadEncryptionHeader(image io.ReaderAt) (EncryptionHeader, error) {
	head := make([]byte, luksHeadBytes)
	if n, err := image.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return EncryptionHeader{}, err
	} else if n < len(head) || !bytes.HasPrefix(head, []byte(luksMagic)) {
		return EncryptionHeader{}, nil
	}
	switch version := binary.BigEndian.Uint16(head[luksVersionAt:]); version {
	case 1:
		sectors := binary.BigEndian.Uint32(head[luks1PayloadAt:])
		return EncryptionHeader{Format: LUKS1, Bytes: uint64(sectors) * luks1SectorBytes}, nil
	case 2:
		content, err := readLUKS2Content(image, binary.BigEndian.Uint64(head[luks2HeaderBytesAt:]))
		return EncryptionHeader{Format: LUKS2, Bytes: content}, err
	default:
		return EncryptionHeader{}, nil
	}
}

// readLUKS2Content reads where the content begins, from the JSON of a header of this size; 0 where it doesn't tell.
func readLUKS2Content(image io.ReaderAt, size uint64) (uint64, error) {
	if size <= luks2JSONAt || size > luks2MaxBytes {
		return 0, nil
	}
	text := make([]byte, size-luks2JSONAt)
	if _, err := image.ReadAt(text, luks2JSONAt); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	text, _, _ = bytes.Cut(text, []byte{0})
	var described struct {
		Segments map[string]struct{ Offset string }
	}
	var offset uint64
	if json.Unmarshal(text, &described) == nil {
		offset, _ = strconv.ParseUint(described.Segments["0"].Offset, 10, 64)
	}
	return offset, nil
}
