package libvirt

import (
	"bytes"
	"context"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// procListAllDomains and the others are procedures of which a hostile daemon sends what nobody has asked for.
const (
	procListAllDomains = 273
	procTunableEvent   = 334
	qemuProgram        = 0x20008087
)

// allocates fails a test in which something takes more memory than a real daemon's largest reply could need.
func allocates(t *testing.T, do func()) {
	t.Helper()
	const enough = 1 << 30
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > enough {
		t.Errorf("%d MiB", n>>20)
	}
}

// Whatever a daemon answers, the call ends with an error, and the process goes on.
func TestHostileReplies(t *testing.T) {
	const longest = 1<<31 - 4 // that go-libvirt would allocate
	word := func(at int, value uint32) func([]byte) []byte {
		return func(packet []byte) []byte {
			binary.BigEndian.PutUint32(packet[4*at:], value)
			return packet
		}
	}
	capabilities := func(text string) []byte { return xdrString("<capabilities>" + text + "</capabilities>") }
	deep := strings.Repeat("<a>", 1_000_000)
	for name, c := range map[string]struct {
		procedure uint32
		body      []byte
		spoil     func([]byte) []byte
		words     string
	}{
		"text longer than the packet": {procGetCapabilities, xdrWord(longest), nil, "does not speak libvirt's protocol"},
		"text longer than libvirt's":  {procGetCapabilities, capabilities(strings.Repeat("a", longestString)), nil, "does not speak"},
		"cut-off text":                {procGetCapabilities, capabilities("")[:8], nil, "does not speak"},
		"nothing":                     {procGetCapabilities, []byte{}, nil, "does not speak"},
		"not XML":                     {procGetCapabilities, xdrString("\x00\xff<"), nil, "XML"},
		"deep XML":                    {procGetCapabilities, capabilities(deep), nil, "than libvirt makes"},
		"deep XML behind comments":    {procGetCapabilities, capabilities(strings.Repeat("<a><!--</a>-->", 10_000)), nil, "than libvirt makes"},
		"deep XML in attributes":      {procGetCapabilities, capabilities(strings.Repeat("<a b='/>'>", 10_000)), nil, "than libvirt makes"},
		"many elements":               {procGetCapabilities, capabilities(strings.Repeat("<a/>", 300_000)), nil, "than libvirt makes"},
		"billion laughs": {
			procGetCapabilities, xdrString(`<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>`), nil,
			"a declaration",
		},
		"entity":                {procGetCapabilities, capabilities("&b;"), nil, "entity"},
		"list without end":      {procListAllDomains, xdrWord(longest), nil, "does not speak"},
		"list of long names":    {procListAllDomains, append(xdrWord(1), xdrWord(longest)...), nil, "does not speak"},
		"many authentications":  {procAuthList, xdrWord(longest), nil, "does not speak"},
		"another serial number": {procGetCapabilities, nil, word(5, 4711), "does not speak"},
		"another procedure":     {procGetCapabilities, nil, word(3, procListAllDomains), "does not speak"},
		"another program":       {procGetCapabilities, nil, word(1, qemuProgram), "does not speak"},
		"an error without text": {procGetCapabilities, nil, word(6, 1), "does not speak"},
		"an unknown status":     {procGetCapabilities, nil, word(6, 9), "does not speak"},
		"a part of a stream":    {procGetCapabilities, nil, word(4, 3), "does not speak"},
		"an event": {
			procGetCapabilities, xdrWord(longest), func(packet []byte) []byte { return word(4, 2)(word(3, procTunableEvent)(packet)) },
			"does not speak",
		},
		"zeros":                                {procGetCapabilities, nil, func([]byte) []byte { return make([]byte, 1<<20) }, "does not speak"},
		"half a packet":                        {procGetCapabilities, nil, func(packet []byte) []byte { return packet[:40] }, "no answer within"},
		"the largest packet, and little of it": {procGetCapabilities, nil, word(0, largestPacket), "no answer within"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newFakeDaemon(t)
			if c.body != nil {
				d.on(c.procedure, func(int) ([]byte, uint32, bool) { return c.body, 0, true })
			}
			d.spoil = map[uint32]func([]byte) []byte{c.procedure: c.spoil}
			h := host(t, Config{URI: d.uri()})
			if c.words == "no answer within" {
				h.config.OperationTimeout = 100 * time.Millisecond
			}
			allocates(t, func() {
				err := expect.Return(t, func() error { _, err := h.Domains(context.Background()); return err })
				if err == nil || !strings.Contains(err.Error(), "kvm1") || !strings.Contains(err.Error(), c.words) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// A daemon that answers twice ends its own connection, and nobody waits for it.
func TestASecondReplyEndsTheConnection(t *testing.T) {
	d := newFakeDaemon(t)
	d.spoil = map[uint32]func([]byte) []byte{procHostname: func(packet []byte) []byte { return bytes.Repeat(packet, 2) }}
	h := host(t, Config{URI: d.uri()})
	for range 3 {
		if err := expect.Return(t, func() error { _, err := h.Hostname(context.Background()); return err }); err != nil {
			expect.Problem(t, err, problem.Unreachable, "kvm1")
		}
	}
	expect.Eventually(t, "the end of the connection", d.clientEnded)
}

// Definitions that go deep are refused before they are decoded: the decoder's stack would end the process.
func TestHostileDefinitions(t *testing.T) {
	nested := func(n int) string {
		return "<domain><devices><disk type='network'>" + strings.Repeat("<backingStore type='file'>", n) +
			strings.Repeat("</backingStore>", n) + "</disk></devices></domain>"
	}
	// As deep as QEMU opens images.
	if _, err := ParseDefinition(nested(200)); err != nil {
		t.Error(err)
	}
	options := strings.Repeat(`{"`+strings.Repeat("a", 60)+`":`, 9000) + `{"driver":"rbd","image":"i"}` + strings.Repeat("}", 9000)
	allocates(t, func() {
		if _, err := ParseDefinition(nested(80_000)); err == nil {
			t.Error("a deep backing chain passed")
		}
		if _, err := parse(nested(80_000)); err == nil {
			t.Error("a deep backing chain passed a search")
		}
		if found := imagesInText(options); len(found) > 0 {
			t.Errorf("found %q", found)
		}
	})
}
