package calllog

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// lines is a sink that keeps what it is told.
type lines struct {
	changes, reads bool
	messages       []string
	fields         []map[string]any
}

func (l *lines) Enabled(_ context.Context, change bool) bool {
	if change {
		return l.changes
	}
	return l.reads
}

func (l *lines) Write(_ context.Context, _ bool, message string, fields map[string]any) {
	l.messages, l.fields = append(l.messages, message), append(l.fields, fields)
}

func TestLine(t *testing.T) {
	for name, test := range map[string]struct {
		call    Call
		refusal string
		want    string
	}{
		"obeyed": {Call{Name: "osd pool create", Change: true, Object: Object{Pool: "vms"}}, "", `osd pool create pool=vms \(\d+m?s\)$`},
		"refused": {
			Call{Name: "auth rm", Change: true, Object: Object{Entity: "client.a"}},
			"EPERM",
			`auth rm entity=client.a \(EPERM, \d+m?s\)$`,
		},
		"again": {
			Call{Name: "X", Change: true, Attempt: 2, Object: Object{Domain: "d", Target: "vdb"}},
			"",
			`X domain=d target=vdb \(\d+m?s, attempt 2\)$`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			sink := &lines{changes: true}
			New("cluster", "east", sink).Start(t.Context(), test.call)(test.refusal)
			if len(sink.messages) != 1 || !regexp.MustCompile("^cluster east: "+test.want).MatchString(sink.messages[0]) {
				t.Fatalf("got %q, want one line like %s", sink.messages, test.want)
			}
			if sink.fields[0]["cluster"] != "east" || sink.fields[0]["call"] != test.call.Name {
				t.Errorf("the fields are %v", sink.fields[0])
			}
		})
	}
}

// Changes and reads are told apart before a line is put together, and an entry without a sink tells nothing.
func TestEnabled(t *testing.T) {
	for name, test := range map[string]struct {
		sink Sink
		want int
	}{
		"nowhere":      {nil, 0},
		"off":          {&lines{}, 0},
		"only changes": {&lines{changes: true}, 2},
		"all":          {&lines{changes: true, reads: true}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			log := New("hypervisor", "kvm1", test.sink)
			log.Start(t.Context(), Call{Name: "DomainGetXMLDesc"})("")
			log.Start(t.Context(), Call{Name: "SecretDefineXML", Change: true})("")
			goesOn := log.Wait(t.Context(), "the guest", Object{Domain: "d"})
			goesOn()
			goesOn()
			if sink, ok := test.sink.(*lines); ok && len(sink.messages) != test.want {
				t.Errorf("got %q, want %d lines", sink.messages, test.want)
			}
		})
	}
}

// A wait is told when it begins, and then every five seconds, with how long it has gone on.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &lines{changes: true}
		goesOn := New("cluster", "east", sink).Wait(t.Context(), "watchers to go", Object{Pool: "vms", Image: "data"})
		for range 12 {
			goesOn()
			time.Sleep(time.Second)
		}
		want := []string{
			"cluster east: waits for watchers to go pool=vms image=data (since 0s)",
			"cluster east: waits for watchers to go pool=vms image=data (since 5s)",
			"cluster east: waits for watchers to go pool=vms image=data (since 10s)",
		}
		if !slices.Equal(sink.messages, want) {
			t.Errorf("got %q", sink.messages)
		}
	})
}

// What takes long is told while it runs, and no more once it is over.
func TestDuring(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &lines{changes: true}
		ran := false
		New("cluster", "east", sink).During(t.Context(), "the copy", Object{Pool: "vms", Image: "data"}, func() {
			time.Sleep(12 * time.Second)
			ran = true
		})
		time.Sleep(time.Minute)
		want := []string{
			"cluster east: waits for the copy pool=vms image=data (since 5s)",
			"cluster east: waits for the copy pool=vms image=data (since 10s)",
		}
		if !ran || !slices.Equal(sink.messages, want) {
			t.Errorf("it ran: %v; told %q, want %q", ran, sink.messages, want)
		}
	})
	ran := false
	Logger{}.During(t.Context(), "the copy", Object{}, func() { ran = true })
	if !ran {
		t.Error("without a log it didn't run")
	}
}

// How a call ended is told in a word or two, never in the words of a reply.
func TestRefusal(t *testing.T) {
	for want, err := range map[string]error{
		"":            nil,
		"canceled":    context.Canceled,
		"timeout":     fmt.Errorf("asking: %w", context.DeadlineExceeded),
		"unreachable": &problem.Problem{Kind: problem.Unreachable, Raw: "a reply"},
		"failed":      errors.New("a reply"),
	} {
		if got := Refusal(err); got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
	for kind := problem.Other; kind <= problem.Removing; kind++ {
		if kind.String() == "" {
			t.Errorf("kind %d has no name", kind)
		}
	}
}
