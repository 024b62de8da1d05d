package libvirt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

const (
	// smallestPacket is a length word and a header without a payload.
	smallestPacket = 28
	// largestPacket is libvirt's own limit for one message (VIR_NET_MESSAGE_MAX) with its length word.
	largestPacket = 32<<20 + 4
)

// errNotSent marks a call that the daemon can't have carried out, because its packet was not sent as a whole.
var errNotSent = errors.New("the connection is lost")

var errNotLibvirt = errors.New("what answers there does not speak libvirt's protocol")

// wire is the connection below go-libvirt. It knows that it was lost. It can be cut at any time, which is the only way to end a call to a
// daemon that hangs. It refuses packets longer than any libvirt daemon sends, for which go-libvirt would allocate memory.
type wire struct {
	stream io.ReadWriteCloser
	once   sync.Once
	ended  chan struct{}
	cause  error // set before gone is closed: what ended the connection, where that is known

	length [4]byte
	have   int
	left   int
}

func newWire(stream io.ReadWriteCloser) *wire {
	return &wire{stream: stream, ended: make(chan struct{})}
}

// Dial hands the established connection to go-libvirt.
func (w *wire) Dial() (net.Conn, error) { return w, nil }

// The rest of net.Conn is not asked for: a call that takes too long ends by cutting the connection.

func (w *wire) LocalAddr() net.Addr              { return nil }
func (w *wire) RemoteAddr() net.Addr             { return nil }
func (w *wire) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (w *wire) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (w *wire) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// Read passes bytes on, following the packets' boundaries.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.stream.Read(p)
	if good := w.follow(p[:n]); good < n {
		w.end(errNotLibvirt)
		return good, errNotLibvirt
	}
	if err != nil {
		w.end(err)
	}
	return n, err
}

// follow returns how many of these bytes belong to well-formed packets.
func (w *wire) follow(data []byte) int {
	for i := 0; i < len(data); {
		if w.left > 0 {
			step := min(w.left, len(data)-i)
			w.left -= step
			i += step
			continue
		}
		w.length[w.have] = data[i]
		w.have++
		i++
		if w.have < len(w.length) {
			continue
		}
		size := binary.BigEndian.Uint32(w.length[:])
		if size < smallestPacket || size > largestPacket {
			return i - 1
		}
		w.have, w.left = 0, int(size)-len(w.length)
	}
	return len(data)
}

// Write marks the connection as lost when it fails.
func (w *wire) Write(p []byte) (int, error) {
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
		_ = w.stream.Close()
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
