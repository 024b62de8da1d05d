package libvirt

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/digitalocean/go-libvirt/socket"
)

const (
	// headerLength is that of a length word and a header without a payload.
	headerLength = 28
	// largestPacket is libvirt's own limit for one message (VIR_NET_MESSAGE_MAX) with its length word.
	largestPacket = 32<<20 + 4
)

// errNotSent marks a call that the daemon can't have carried out, because its packet was not sent as a whole.
var errNotSent = errors.New("the connection is lost")

// closeLimit is how long the end of a stream is waited for: one over TLS says good-bye to a host that may not listen any more.
const closeLimit = 200 * time.Millisecond

var errNotLibvirt = errors.New("what answers there does not speak libvirt's protocol")

// wire is the connection below go-libvirt. It knows that it was lost. It can be cut at any time, which is the only way to end a call to a
// daemon that hangs. It hands on only whole packets that answer a request or tell of an event that was subscribed to, in the form in which
// go-libvirt will read them: go-libvirt believes every length, and would allocate the memory for it.
type wire struct {
	stream io.ReadWriteCloser
	once   sync.Once
	ended  chan struct{}
	cause  error // set before ended is closed: what ended the connection, where that is known

	reader *bufio.Reader
	packet []byte // what is left of the packet that is handed on
	unsent int    // what is left of the packet that is sent

	mu    sync.Mutex
	asked map[uint32]uint32 // the procedures that have no reply yet, by serial number
}

func newWire(stream io.ReadWriteCloser) *wire {
	return &wire{stream: stream, ended: make(chan struct{}), reader: bufio.NewReader(stream), asked: map[uint32]uint32{}}
}

// Dial hands the established connection to go-libvirt.
func (w *wire) Dial() (net.Conn, error) { return w, nil }

// The rest of net.Conn is not asked for: a call that takes too long ends by cutting the connection.

func (w *wire) LocalAddr() net.Addr              { return nil }
func (w *wire) RemoteAddr() net.Addr             { return nil }
func (w *wire) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (w *wire) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (w *wire) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// Read hands bytes on, packet by packet.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.packet) == 0 {
		packet, err := w.next()
		if err != nil {
			w.end(err)
			return 0, err
		}
		w.packet = packet
	}
	n := copy(p, w.packet)
	w.packet = w.packet[n:]
	return n, nil
}

// next reads a packet as a whole.
func (w *wire) next() ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(w.reader, length[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(length[:])
	if size < headerLength || size > largestPacket {
		return nil, errNotLibvirt
	}
	// The buffer grows with what arrives, not with what is announced.
	packet := bytes.NewBuffer(length[:])
	if n, err := io.CopyN(packet, w.reader, int64(size)-int64(len(length))); err != nil {
		if errors.Is(err, io.EOF) && n > 0 {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if !w.expected(packet.Bytes()) {
		return nil, errNotLibvirt
	}
	return packet.Bytes(), nil
}

// expected tells whether a packet is one that go-libvirt can be given.
func (w *wire) expected(packet []byte) bool {
	word := func(i int) uint32 { return binary.BigEndian.Uint32(packet[4*i:]) }
	program, procedure, kind, serial, status, payload := word(1), word(3), word(4), word(5), word(6), packet[headerLength:]
	if program != remoteProgram {
		return false
	}
	if kind == socket.Message {
		form, subscribed := eventForms[procedure]
		return subscribed && hasForm(payload, form)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	// go-libvirt finds the caller by the serial number alone, and waits for ever with a second reply to the same request.
	if asked, found := w.asked[serial]; kind != socket.Reply || !found || asked != procedure {
		return false
	}
	delete(w.asked, serial)
	if status == socket.StatusError {
		return hasForm(payload, errorForm)
	}
	return status == socket.StatusOK && hasForm(payload, replyForms[procedure])
}

// Write marks the connection as lost when it fails. go-libvirt begins each packet with a call of its own.
func (w *wire) Write(p []byte) (int, error) {
	if w.unsent <= 0 && len(p) >= headerLength {
		w.unsent = int(binary.BigEndian.Uint32(p))
		w.mu.Lock()
		w.asked[binary.BigEndian.Uint32(p[20:])] = binary.BigEndian.Uint32(p[12:])
		w.mu.Unlock()
	}
	w.unsent -= len(p)
	n, err := w.stream.Write(p)
	if err != nil {
		w.end(err)
		err = fmt.Errorf("%w: %w", errNotSent, err)
	}
	return n, err
}

// Close is cut: go-libvirt closes what is perhaps closed already.
func (w *wire) Close() error {
	w.cut()
	return nil
}

// cut ends the connection. All calls that wait for an answer return at once.
func (w *wire) cut() { w.end(nil) }

func (w *wire) end(cause error) {
	w.once.Do(func() {
		w.cause = cause
		close(w.ended)
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			_ = w.stream.Close()
		}()
		select {
		case <-closed:
		case <-time.After(closeLimit):
		}
	})
}

// explain adds to an error of go-libvirt, which says only that a call was interrupted, what ended the connection.
func (w *wire) explain(err error) error {
	if err == nil || !broken(err) || !w.lost() || w.cause == nil || errors.Is(w.cause, io.EOF) {
		return err
	}
	return fmt.Errorf("%w: %w", err, w.cause)
}

func (w *wire) lost() bool {
	select {
	case <-w.ended:
		return true
	default:
		return false
	}
}
