package ceph

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// luksHead is the beginning of an image: magic, version, and what is put at offsets.
func luksHead(version uint16, at map[int][]byte) []byte {
	head := make([]byte, 16<<10)
	copy(head, luksMagic)
	binary.BigEndian.PutUint16(head[luksVersionAt:], version)
	for offset, content := range at {
		copy(head[offset:], content)
	}
	return head
}

func bigEndian64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func TestReadEncryptionHeader(t *testing.T) {
	// As cryptsetup and librbd write it: the offset is a text.
	const segment = `{"keyslots":{},"segments":{"0":{"type":"crypt","offset":"16777216","size":"dynamic"}},"config":{}}`
	luks2 := func(size uint64, json string) []byte {
		return luksHead(2, map[int][]byte{luks2HeaderBytesAt: bigEndian64(size), luks2JSONAt: []byte(json)})
	}
	for name, tc := range map[string]struct {
		image []byte
		want  EncryptionHeader
	}{
		"nothing":               {make([]byte, 16<<10), EncryptionHeader{}},
		"empty image":           {nil, EncryptionHeader{}},
		"shorter than a header": {[]byte(luksMagic), EncryptionHeader{}},
		"luks1": {
			luksHead(1, map[int][]byte{luks1PayloadAt: binary.BigEndian.AppendUint32(nil, 8192)}), EncryptionHeader{LUKS1, 4 << 20},
		},
		"luks2":                    {luks2(16<<10, segment), EncryptionHeader{LUKS2, 16 << 20}},
		"luks2 without JSON":       {luks2(16<<10, ""), EncryptionHeader{LUKS2, 0}},
		"luks2 with a wrong size":  {luks2(1<<40, segment), EncryptionHeader{LUKS2, 0}},
		"luks2 with a small size":  {luks2(512, segment), EncryptionHeader{LUKS2, 0}},
		"luks2, offset no number":  {luks2(16<<10, strings.Replace(segment, "16777216", "all", 1)), EncryptionHeader{LUKS2, 0}},
		"luks2, the JSON cut off":  {luks2(16<<10, segment)[:4150], EncryptionHeader{LUKS2, 0}},
		"a version to come":        {luksHead(3, nil), EncryptionHeader{}},
		"magic of the second copy": {append([]byte("SKUL\xba\xbe\x00\x02"), make([]byte, 1024)...), EncryptionHeader{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadEncryptionHeader(bytes.NewReader(tc.image))
			if err != nil || got != tc.want {
				t.Errorf("%+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
}

// The sizes were read from images that librbd 16.2 had formatted.
func TestNewHeaderBytes(t *testing.T) {
	for _, tc := range []struct {
		format        string
		objects, want uint64
	}{
		{LUKS1, 4 << 20, 4 << 20},
		{LUKS1, 64 << 10, 2 << 20},
		{LUKS1, 8 << 20, 8 << 20},
		{LUKS1, 32 << 20, 32 << 20},
		{LUKS2, 4 << 20, 16 << 20},
	} {
		if got := NewHeaderBytes(tc.format, tc.objects); got != tc.want {
			t.Errorf("%s with objects of %d: %d, want %d", tc.format, tc.objects, got, tc.want)
		}
	}
}

// A guest writes what it likes at the beginning of its disk.
func FuzzReadEncryptionHeader(f *testing.F) {
	f.Add(luksHead(1, nil))
	f.Add(luksHead(2, map[int][]byte{luks2HeaderBytesAt: bigEndian64(16 << 10), luks2JSONAt: []byte(`{"segments":{"0":{"offset":"1"}}}`)}))
	f.Fuzz(func(t *testing.T, image []byte) {
		header, err := ReadEncryptionHeader(bytes.NewReader(image))
		if err != nil {
			t.Error(err)
		}
		if header.Format == "" && header.Bytes != 0 {
			t.Error(fmt.Sprint(header))
		}
	})
}
