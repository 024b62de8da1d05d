package libvirt

import (
	"bytes"
	"context"
	"io"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	rpc "github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

func host(t *testing.T, cfg Config) *Host {
	t.Helper()
	if cfg.Label == "" {
		cfg.Label = "kvm1"
	}
	h, err := NewHost(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// hostname stands for all calls that read.
func TestManyCallersShareOneConnection(t *testing.T) {
	d := newFakeDaemon(t)
	h := host(t, Config{URI: d.uri()})
	var all sync.WaitGroup
	for range 50 {
		all.Add(1)
		go func() {
			defer all.Done()
			if id, err := h.UUID(t.Context()); err != nil || id != fakeHostUUID {
				t.Errorf("%q, %v", id, err)
			}
			if v, err := h.LibVersion(t.Context()); err != nil || v.String() != "9.0.0" {
				t.Errorf("%v, %v", v, err)
			}
		}()
	}
	all.Wait()
	if n := d.called(procConnectOpen); n != 1 {
		t.Errorf("%d connections", n)
	}
	if n := d.called(procGetCapabilities); n != 1 {
		t.Errorf("capabilities were read %d times", n)
	}
	if n := d.called(procLibVersion); n != 1 {
		t.Errorf("asked for the version %d times", n)
	}
}

// A libvirt that is too old is refused at the connection. A newer one than all that are known goes on.
func TestOldestLibvirt(t *testing.T) {
	for version, tooOld := range map[uint32]string{
		6_010_000: "6.10.0", 7_000_000: "", 9_000_000: "", 100_000_000: "",
	} {
		d := newFakeDaemon(t)
		d.on(procLibVersion, func(int) ([]byte, uint32, bool) { return append(xdrWord(0), xdrWord(version)...), 0, true })
		h := host(t, Config{URI: d.uri()})
		_, err := h.Hostname(t.Context())
		if tooOld == "" {
			expect.NoError(t, err)
			continue
		}
		expect.Problem(t, err, problem.Unsupported, "kvm1", "runs libvirt "+tooOld, "supports is 7.0.0", "Update libvirt")
		if n := d.called(procHostname); n != 0 {
			t.Error("it was asked nevertheless")
		}
	}
}

func TestAnotherHostThanThePinnedOne(t *testing.T) {
	d := newFakeDaemon(t)
	h := host(t, Config{URI: d.uri(), HostUUID: "99999999-2222-4333-8444-555555555555"})
	_, err := h.Hostname(t.Context())
	expect.Problem(t, err, problem.WrongIdentity, "kvm1", fakeHostUUID, "99999999")
	if n := d.called(procHostname); n != 0 {
		t.Error("it was asked nevertheless")
	}
}

func TestADaemonThatNeverAnswersTheConnect(t *testing.T) {
	d := newFakeDaemon(t)
	d.on(procAuthList, func(int) ([]byte, uint32, bool) { return nil, 0, false })
	h := host(t, Config{URI: d.uri(), ConnectTimeout: 50 * time.Millisecond})
	err := expect.Return(t, func() error { _, err := h.UUID(context.Background()); return err })
	expect.Problem(t, err, problem.Unreachable, "kvm1", "no answer within 50ms")
}

// deafDialer knows no context.
type deafDialer struct{ goesOn chan struct{} }

func (d deafDialer) Dial(context.Context) (io.ReadWriteCloser, error) {
	<-d.goesOn
	return nil, io.EOF
}

func TestADialThatKnowsNoContext(t *testing.T) {
	dialer := deafDialer{make(chan struct{})}
	defer close(dialer.goesOn)
	h := host(t, Config{URI: "qemu:///system", Dialer: dialer, ConnectTimeout: 50 * time.Millisecond})
	err := expect.Return(t, func() error { _, err := h.UUID(context.Background()); return err })
	expect.Problem(t, err, problem.Unreachable, "kvm1", "no answer within 50ms")
}

func TestADaemonThatHangsInACall(t *testing.T) {
	d := newFakeDaemon(t)
	h := host(t, Config{URI: d.uri()})
	if _, err := h.UUID(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Only the call that hangs gets the short limit: the others have to succeed on a slow machine too.
	configured := h.config.OperationTimeout
	h.config.OperationTimeout = 50 * time.Millisecond
	d.on(procHostname, func(int) ([]byte, uint32, bool) { return nil, 0, false })
	err := expect.Return(t, func() error { _, err := h.Hostname(context.Background()); return err })
	expect.Problem(t, err, problem.Unreachable, "kvm1", "no answer within 50ms")

	// The call that was given up occupies its connection, so the next one gets another.
	h.config.OperationTimeout = configured
	d.on(procHostname, d.defaultAnswer(procHostname))
	if _, err := h.Hostname(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := d.called(procConnectOpen); n != 2 {
		t.Errorf("%d connections", n)
	}
}

func TestACallIsGivenUpWhenItsContextEnds(t *testing.T) {
	d := newFakeDaemon(t)
	ctx, cancel := context.WithCancel(t.Context())
	d.on(procHostname, func(int) ([]byte, uint32, bool) { cancel(); return nil, 0, false })
	h := host(t, Config{URI: d.uri()})
	err := expect.Return(t, func() error { _, err := h.Hostname(ctx); return err })
	expect.Problem(t, err, problem.Unreachable, "cancelled")
}

func TestAnAttemptEndsWithTheLastWhoWaitsForIt(t *testing.T) {
	d := newFakeDaemon(t)
	d.on(procAuthList, func(call int) ([]byte, uint32, bool) { return append(xdrWord(1), xdrWord(0)...), 0, call > 1 })
	h := host(t, Config{URI: d.uri(), ConnectTimeout: 10 * expect.Timeout})
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { _, err := h.UUID(ctx); result <- err }()
	expect.Eventually(t, "one who waits", func() bool { return d.called(procAuthList) > 0 })
	cancel()
	expect.Problem(t, expect.Return(t, func() error { return <-result }), problem.Unreachable, "cancelled")
	expect.Eventually(t, "the end of the connection", d.clientEnded)
	// Whoever comes then gets an attempt of his own.
	expect.NoError(t, expect.Return(t, func() error { _, err := h.UUID(t.Context()); return err }))
}

// A host that did not answer is dialled again by each change, once, and by nobody else. Success is for all.
func TestWhoDialsAHost(t *testing.T) {
	d := newFakeDaemon(t)
	noAnswer := func(int) ([]byte, uint32, bool) { return nil, 0, false }
	d.on(procAuthList, noAnswer)
	h := host(t, Config{URI: d.uri()})
	configured := h.config.ConnectTimeout
	first := breaker.Retry(t.Context())
	optional := func(ctx context.Context) context.Context {
		t.Helper()
		ctx, cancel := breaker.Optional(ctx, expect.Timeout)
		t.Cleanup(cancel)
		return ctx
	}
	for i, step := range []struct {
		answers bool
		ctx     context.Context
		dialled int
	}{
		{false, t.Context(), 1},
		{false, t.Context(), 1},
		{false, first, 1},
		{false, optional(breaker.Retry(t.Context())), 1},
		{true, t.Context(), 1},
		{false, nil, 2}, // a change that begins then
		{true, t.Context(), 2},
		{true, optional(t.Context()), 2},
		{true, nil, 3},
		{true, t.Context(), 3},
		{true, optional(t.Context()), 3},
	} {
		h.config.ConnectTimeout = time.Second // in which the question has to reach the daemon
		d.on(procAuthList, noAnswer)
		if step.answers {
			h.config.ConnectTimeout = configured // has to succeed on a slow machine too
			d.on(procAuthList, d.defaultAnswer(procAuthList))
		}
		ctx := step.ctx
		if ctx == nil {
			ctx = breaker.Retry(t.Context())
		}
		for range 3 {
			_, err := h.Hostname(ctx)
			if connected := d.called(procConnectOpen) > 0; (err == nil) != connected || d.called(procAuthList) != step.dialled {
				t.Errorf("step %d: dialled %d times, not %d: %v", i, d.called(procAuthList), step.dialled, err)
			}
		}
	}
}

// A call that was not answered within the limit of a question that can be left out is not waited for again by another.
func TestAHostThatHangsIsNotAskedOptionallyAgain(t *testing.T) {
	d := newFakeDaemon(t)
	h := host(t, Config{URI: d.uri()})
	_, err := h.UUID(t.Context())
	expect.NoError(t, err)
	d.on(procHostname, func(int) ([]byte, uint32, bool) { return nil, 0, false })
	ask := func(limit time.Duration) error {
		return expect.Return(t, func() error {
			ctx, cancel := breaker.Optional(breaker.Retry(t.Context()), limit)
			defer cancel()
			_, err := h.Hostname(ctx)
			return err
		})
	}
	expect.Problem(t, ask(time.Second), problem.Unreachable, "no answer within 1s")
	expect.Problem(t, ask(10*expect.Timeout), problem.Unreachable, "Could not get an answer on hypervisor \"kvm1\"", "no answer within 1s")
	if n := d.called(procHostname); n != 1 {
		t.Errorf("asked %d times", n)
	}
	d.on(procHostname, d.defaultAnswer(procHostname))
	if _, err := h.Hostname(t.Context()); err != nil || d.called(procConnectOpen) != 2 {
		t.Errorf("dialled %d times, %v", d.called(procConnectOpen), err)
	}
	expect.NoError(t, ask(10*expect.Timeout))
}

func TestOneCallersEndDoesNotDisturbTheOthers(t *testing.T) {
	d := newFakeDaemon(t)
	slow := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	d.on(procHostname, func(call int) ([]byte, uint32, bool) {
		if call == 1 {
			<-slow
		} else {
			cancel()
		}
		return xdrString("kvm1"), 0, call == 1
	})
	h := host(t, Config{URI: d.uri()})
	other := make(chan error, 1)
	go func() { _, err := h.Hostname(t.Context()); other <- err }()
	for d.called(procHostname) == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := expect.Return(t, func() error { _, err := h.Hostname(ctx); return err }); err == nil {
		t.Error("the hanging call has a result")
	}
	close(slow)
	if err := expect.Return(t, func() error { return <-other }); err != nil {
		t.Errorf("the other call was disturbed: %v", err)
	}
}

func TestALostConnectionIsMadeAnew(t *testing.T) {
	d := newFakeDaemon(t)
	h := host(t, Config{URI: d.uri()})
	for range 5 {
		if _, err := h.Hostname(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.dropAll()
	}
}

func TestAReadThatIsInterruptedIsMadeAgainAndAChangeIsNot(t *testing.T) {
	d := newFakeDaemon(t)
	h := host(t, Config{URI: d.uri()})
	d.on(procHostname, func(call int) ([]byte, uint32, bool) {
		if call == 1 {
			d.dropAll()
		}
		return xdrString("kvm1"), 0, call > 1
	})
	if _, err := h.Hostname(t.Context()); err != nil {
		t.Errorf("the read: %v", err)
	}
	d.on(procSecretLookupUUID, func(int) ([]byte, uint32, bool) {
		return append(append(make([]byte, 16), xdrWord(2)...), xdrString("usage")...), 0, true
	})
	d.on(procSecretSetValue, func(int) ([]byte, uint32, bool) { d.dropAll(); return nil, 0, false })
	err := expect.Return(t, func() error { return h.SetSecretValue(t.Context(), fakeHostUUID, sensitive.New([]byte("value"))) })
	expect.Problem(t, err, problem.Unreachable, "isn't known whether it took effect")
	if n := d.called(procSecretSetValue); n != 1 {
		t.Errorf("the change was made %d times", n)
	}
}

const lostBefore = "internal error: client socket is closed"

// losing is a daemon whose first connection answers nothing but errors from its first call of a procedure on, which it answers with said.
func losing(t *testing.T, procedure uint32, said string) *fakeDaemon {
	t.Helper()
	d, lost := newFakeDaemon(t), false
	d.toRequest = func(called uint32, _ []byte) ([]byte, uint32, bool) {
		connects := slices.Contains([]uint32{procAuthList, procConnectOpen, procGetCapabilities, procLibVersion}, called)
		switch {
		case connects || d.called(procConnectOpen) > 1 || !lost && called != procedure:
			return nil, 0, false
		case lost:
			return []byte(lostBefore), uint32(rpc.ErrInternalError), true
		}
		lost = true
		return []byte(said), uint32(rpc.ErrSystemError), true
	}
	return d
}

// A daemon that hands calls on stays up while the one behind it is restarted, and then answers each call of that connection with an error.
func TestALostDaemonBehindTheOneThatAnswers(t *testing.T) {
	for said, madeAgain := range map[string]bool{
		lostBefore: true,
		"End of file while reading data: Input/output error":         false,
		"Cannot write data: Broken pipe":                             false,
		"Cannot recv data: Connection reset by peer":                 false,
		"internal error: connection closed due to keepalive timeout": false,
	} {
		d := losing(t, procHostname, said)
		h := host(t, Config{URI: d.uri()})
		if _, err := h.Hostname(t.Context()); err != nil || d.called(procConnectOpen) != 2 {
			t.Errorf("%s: %v, after %d connections", said, err, d.called(procConnectOpen))
		}

		d = losing(t, procSecretSetValue, said)
		d.on(procSecretLookupUUID, func(int) ([]byte, uint32, bool) {
			return append(append(make([]byte, 16), xdrWord(2)...), xdrString("usage")...), 0, true
		})
		h = host(t, Config{URI: d.uri()})
		err := h.SetSecretValue(t.Context(), fakeHostUUID, sensitive.New([]byte("value")))
		if calls := d.called(procSecretSetValue); madeAgain && (err != nil || calls != 2) || !madeAgain && calls != 1 {
			t.Errorf("%s: the change was made %d times: %v", said, calls, err)
		}
		if !madeAgain {
			expect.Problem(t, err, problem.Unreachable, said, "isn't known whether it took effect")
		}
		if _, err := h.Hostname(t.Context()); err != nil || d.called(procConnectOpen) != 2 {
			t.Errorf("%s, after a change: %v, after %d connections", said, err, d.called(procConnectOpen))
		}
	}
}

func TestAHeldDomainIsWaitedForUntilTheDeadline(t *testing.T) {
	d := newFakeDaemon(t)
	h := host(t, Config{URI: d.uri()})
	d.on(procHostname, func(call int) ([]byte, uint32, bool) {
		if call < 3 {
			return nil, 68, true
		}
		return xdrString("kvm1"), 0, true
	})
	if _, err := h.Hostname(t.Context()); err != nil {
		t.Error(err)
	}
	d.on(procHostname, func(int) ([]byte, uint32, bool) { return nil, 68, true })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// The context ends while the call is made again: by then it has its answer.
	before := d.called(procHostname)
	result := make(chan error, 1)
	go func() { _, err := h.Hostname(ctx); result <- err }()
	expect.Eventually(t, "the second try", func() bool { return d.called(procHostname) > before+1 })
	cancel()
	expect.Problem(t, expect.Return(t, func() error { return <-result }), problem.Busy, "Another call holds the domain", "libvirt error 68")
}

func TestWhatIsNotLibvirtIsNotBelieved(t *testing.T) {
	for name, greeting := range map[string]string{
		"web server":     "HTTP/1.1 400 Bad Request\r\n\r\n",
		"too short":      "\x00\x00\x00\x08aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"closes at once": "",
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "sock"))
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					_, _ = conn.Write([]byte(greeting))
					if greeting == "" {
						_ = conn.Close()
					}
				}
			}()
			h := host(t, Config{URI: "qemu+unix:///system?socket=" + listener.Addr().String()})
			err = expect.Return(t, func() error { _, err := h.UUID(context.Background()); return err })
			expect.Problem(t, err, problem.Unreachable, "kvm1")
		})
	}
}

func TestSASLIsNamed(t *testing.T) {
	d := newFakeDaemon(t)
	d.on(procAuthList, func(int) ([]byte, uint32, bool) { return append(xdrWord(1), xdrWord(1)...), 0, true })
	d.on(procConnectOpen, func(int) ([]byte, uint32, bool) { return nil, 39, true })
	_, err := host(t, Config{URI: d.uri()}).UUID(t.Context())
	expect.Problem(t, err, problem.Denied, "SASL", "qemu+ssh")
}

func TestAClosedHostAnswers(t *testing.T) {
	d := newFakeDaemon(t)
	h := host(t, Config{URI: d.uri()})
	if _, err := h.UUID(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.Close()
	h.Close()
	_, err := h.UUID(t.Context())
	expect.Problem(t, err, problem.Unreachable)
}

func TestAMissingSocket(t *testing.T) {
	h := host(t, Config{URI: "qemu+unix:///system?socket=" + filepath.Join(t.TempDir(), "none")})
	_, err := h.UUID(t.Context())
	expect.Problem(t, err, problem.Unreachable, "Could not connect to hypervisor \"kvm1\"", "daemon runs", "no such file")
}

// pieces is a stream whose bytes come a few at a time.
type pieces struct {
	rest []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.size)], p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func (p *pieces) Write(b []byte) (int, error) { return len(b), nil }
func (p *pieces) Close() error                { return nil }

func TestPacketsAreFoundInAnyPieces(t *testing.T) {
	packet := func(kind, serial uint32) []byte {
		words := []uint32{32, remoteProgram, 1, procLibVersion, kind, serial, 0, 7}
		var out []byte
		for _, word := range words {
			out = append(out, xdrWord(word)...)
		}
		return out
	}
	replies := append(packet(socket.Reply, 1), packet(socket.Reply, 2)...)
	for size := 1; size <= len(replies); size++ {
		// Two requests, and then what nobody has asked for: too much, another serial number, and the same reply once more.
		for name, after := range map[string][]byte{
			"end": nil, "huge": xdrWord(1 << 30), "tiny": xdrWord(8), "other": packet(socket.Reply, 3), "again": packet(socket.Reply, 2),
			"request": packet(socket.Call, 2),
		} {
			w := newWire(&pieces{rest: append(append([]byte{}, replies...), after...), size: size})
			for serial := range uint32(2) {
				expect.Value(w.Write(packet(socket.Call, serial+1)))(t)
			}
			got, err := io.ReadAll(w)
			if !bytes.Equal(got, replies) || (err == nil) != (name == "end") || !w.lost() {
				t.Fatalf("%s in pieces of %d: %d bytes, %v", name, size, len(got), err)
			}
		}
	}
}
