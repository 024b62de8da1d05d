//go:build cgo

package faults_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// libvirtCall is a call of the provider to a hypervisor.
type libvirtCall struct {
	name string
	// answered is the moment when the daemon has done it, and the answer is lost; otherwise the daemon has not got the call yet.
	answered bool
}

// procedures are the numbers of calls in libvirt's remote protocol.
var procedures = map[string]uint32{
	"DomainAttachDeviceFlags": 160, "DomainDetachDeviceFlags": 161, "DomainUpdateDeviceFlags": 174, "SecretSetValue": 144,
}

// remoteProgram is the number of that protocol; there are others for keep-alive and for what is special to QEMU.
const remoteProgram = 0x20008086

// meets makes something go wrong: in the midst of the row's call to the hypervisor, or at once where the row has none.
func (r *run) meets(do func() error) {
	r.Helper()
	if r.row.at == (libvirtCall{}) {
		r.must(do())
		return
	}
	folder, err := os.MkdirTemp("", "gate-") // the path of the test's own folder may be too long for a socket
	r.must(err)
	r.ends(func() error { return os.RemoveAll(folder) })
	listener, err := net.Listen("unix", filepath.Join(folder, "sock"))
	r.must(err)
	g := &gate{listener: listener, daemon: r.kvm1.Socket, at: r.row.at, do: do, done: make(chan struct{})}
	r.host = fmt.Sprintf("uri = %q", "qemu+unix:///session?socket="+listener.Addr().String())
	r.ends(g.close)
	go g.serve()
}

// gate stands between the provider and a hypervisor's daemon, and does something in the midst of the first call at.
type gate struct {
	listener net.Listener
	daemon   string // its socket
	at       libvirtCall
	do       func() error

	once sync.Once
	done chan struct{}
	err  error // of do
}

func (g *gate) serve() {
	for {
		client, err := g.listener.Accept()
		if err != nil {
			return
		}
		daemon, err := net.Dial("unix", g.daemon)
		if err != nil {
			_ = client.Close()
			continue
		}
		go g.pass(daemon, client, !g.at.answered)
		go g.pass(client, daemon, g.at.answered)
	}
}

// pass passes messages on until one of the two hangs up. Where watched, it holds the message of the call at until do has returned.
func (g *gate) pass(to, from net.Conn, watched bool) {
	defer func() { _, _ = to.Close(), from.Close() }()
	for {
		head := make([]byte, 28) // length, program, version, procedure, type, serial, status
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		rest := make([]byte, int(binary.BigEndian.Uint32(head))-len(head))
		if _, err := io.ReadFull(from, rest); err != nil {
			return
		}
		lost := false
		if watched && binary.BigEndian.Uint32(head[4:]) == remoteProgram && binary.BigEndian.Uint32(head[12:]) == procedures[g.at.name] {
			g.once.Do(func() {
				lost = g.at.answered
				g.err = g.do() // before the loss is seen, so that no new connection is let in meanwhile
				close(g.done)
			})
		}
		if lost {
			return
		}
		if _, err := to.Write(slices.Concat(head, rest)); err != nil {
			return
		}
	}
}

// close ends the gate, and tells what has not happened.
func (g *gate) close() error {
	err := g.listener.Close()
	g.once.Do(func() {
		g.err = fmt.Errorf("the operation did not come to the call %s", g.at.name)
		close(g.done)
	})
	<-g.done
	return errors.Join(err, g.err)
}
