package libvirt

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
)

// Procedures of libvirt's remote protocol.
const (
	procConnectOpen      = 1
	procGetCapabilities  = 7
	procAuthList         = 66
	procLibVersion       = 157
	procHostname         = 59
	procSecretLookupUUID = 141
	procSecretSetValue   = 144
)

const fakeHostUUID = "11111111-2222-4333-8444-555555555555"

// fakeDaemon speaks just enough of libvirt's protocol to show what a real daemon can't be made to do: hang in one call,
// drop a connection in the middle of another, answer with a chosen error code.
type fakeDaemon struct {
	t        *testing.T
	listener net.Listener
	hostUUID string

	mu          sync.Mutex
	connections []net.Conn
	calls       map[uint32]int
	ended       int // clients that ended their connection
	// answer, where set, decides for a procedure; ok false means no answer ever. Beside a code, reply is the message.
	answer map[uint32]func(call int) (reply []byte, code uint32, ok bool)
	// toRequest is asked first, where set, by what the call says; answered false leaves it to the others.
	toRequest func(procedure uint32, body []byte) (reply []byte, code uint32, answered bool)
	// spoil, where set, changes the packets of a procedure's replies.
	spoil map[uint32]func(packet []byte) []byte
}

func newFakeDaemon(t *testing.T) *fakeDaemon {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "sock"))
	if err != nil {
		t.Fatal(err)
	}
	d := &fakeDaemon{
		t: t, listener: listener, hostUUID: fakeHostUUID, calls: map[uint32]int{},
		answer: map[uint32]func(int) ([]byte, uint32, bool){},
	}
	t.Cleanup(func() {
		_ = listener.Close()
		d.dropAll()
	})
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			d.mu.Lock()
			d.connections = append(d.connections, conn)
			d.mu.Unlock()
			go d.serve(conn)
		}
	}()
	return d
}

func (d *fakeDaemon) uri() string {
	return "qemu+unix:///system?socket=" + d.listener.Addr().String()
}

func (d *fakeDaemon) dropAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.connections {
		_ = c.Close()
	}
	d.connections = nil
}

// clientEnded reports whether a client has left.
func (d *fakeDaemon) clientEnded() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ended > 0
}

func (d *fakeDaemon) on(procedure uint32, answer func(call int) (reply []byte, code uint32, ok bool)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer[procedure] = answer
}

func (d *fakeDaemon) called(procedure uint32) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls[procedure]
}

func (d *fakeDaemon) serve(conn net.Conn) {
	for {
		var head [28]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.ended++
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[:])-28)
		if _, err := io.ReadFull(conn, body); err != nil {
			return
		}
		procedure := binary.BigEndian.Uint32(head[12:])
		d.mu.Lock()
		d.calls[procedure]++
		call, answer, toRequest := d.calls[procedure], d.answer[procedure], d.toRequest
		d.mu.Unlock()
		if answer == nil {
			answer = d.defaultAnswer(procedure)
		}
		if toRequest != nil {
			if reply, code, answered := toRequest(procedure, body); answered {
				answer = func(int) ([]byte, uint32, bool) { return reply, code, true }
			}
		}
		go func() {
			reply, code, ok := answer(call)
			if !ok {
				return
			}
			status := uint32(0)
			if code != 0 {
				status, reply = 1, xdrError(code, string(reply))
			}
			out := make([]byte, 28, 28+len(reply))
			copy(out, head[:])
			binary.BigEndian.PutUint32(out, uint32(28+len(reply)))
			binary.BigEndian.PutUint32(out[16:], 1) // a reply
			binary.BigEndian.PutUint32(out[24:], status)
			d.mu.Lock()
			defer d.mu.Unlock()
			out = append(out, reply...)
			if spoil := d.spoil[procedure]; spoil != nil {
				out = spoil(out)
			}
			_, _ = conn.Write(out)
		}()
	}
}

func (d *fakeDaemon) defaultAnswer(procedure uint32) func(int) ([]byte, uint32, bool) {
	return func(int) ([]byte, uint32, bool) {
		switch procedure {
		case procAuthList:
			return append(xdrWord(1), xdrWord(0)...), 0, true
		case procGetCapabilities:
			return xdrString(fmt.Sprintf("<capabilities><host><uuid>%s</uuid></host></capabilities>", d.hostUUID)), 0, true
		case procHostname:
			return xdrString("kvm1.example.net"), 0, true
		case procLibVersion:
			return append(xdrWord(0), xdrWord(9_000_000)...), 0, true
		default:
			return nil, 0, true
		}
	}
}

func xdrWord(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

func xdrString(s string) []byte {
	out := append(xdrWord(uint32(len(s))), s...)
	for len(out)%4 != 0 {
		out = append(out, 0)
	}
	return out
}

func xdrError(code uint32, message string) []byte {
	out := append(xdrWord(code), xdrWord(10)...)
	out = append(out, xdrWord(1)...)
	out = append(out, xdrString(cmp.Or(message, "the daemon's own words"))...)
	return append(out, xdrWord(2)...)
}
