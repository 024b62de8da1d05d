// Package calllog logs what the clients ask of clusters and hypervisors: one line for each command or procedure, and the
// progress of what takes long. It knows nothing of Terraform; whoever configures a client says where the lines go. No line
// can hold a key: of a call's arguments only those are logged that Object has a field for.
package calllog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Sink takes the lines.
type Sink interface {
	// Enabled tells whether lines are written, of changes or of reads. It is asked before a line is put together.
	Enabled(ctx context.Context, change bool) bool
	// Write writes one line. The fields hold what the message says, for programs.
	Write(ctx context.Context, change bool, message string, fields map[string]any)
}

// Logger logs the calls to one entry of the provider block. The zero value logs nothing.
type Logger struct {
	kind, label string
	sink        Sink
}

// New returns the logger of an entry: its kind, "cluster" or "hypervisor", and its label. With a nil sink it logs nothing.
func New(kind, label string, sink Sink) Logger {
	return Logger{kind: kind, label: label, sink: sink}
}

// Call is one command to a cluster, or one call of a procedure of a hypervisor.
type Call struct {
	// Name is the command's prefix, such as "osd pool create", or the procedure's name, such as DomainAttachDeviceFlags.
	Name string
	// Change marks a call that changes something.
	Change bool
	// Attempt is 2 where the call is made for the second time, and so on; less is not logged.
	Attempt int
	// Object is what the call is about.
	Object Object
}

// Object is what a call is about. An argument of a call that has no field here is never logged.
type Object struct {
	Pool, Namespace, Image, Snapshot string
	NewName                          string // of what is renamed
	Entity                           string // such as client.libvirt
	Variable, Value                  string // of a setting of a pool
	Rule                             string // of CRUSH
	Profile                          string // of erasure coding
	Monitor                          string
	Domain, Target                   string // a domain's name or UUID; the target of a disk
	Secret                           string // its UUID or usage name
	StoragePool                      string
}

// arguments are the object's parts by name, in the order in which they are logged.
func (o Object) arguments() [][2]string {
	all := [][2]string{
		{"pool", o.Pool},
		{"namespace", o.Namespace},
		{"image", o.Image},
		{"snapshot", o.Snapshot},
		{"entity", o.Entity},
		{"variable", o.Variable},
		{"value", o.Value},
		{"rule", o.Rule},
		{"profile", o.Profile},
		{"monitor", o.Monitor},
		{"domain", o.Domain},
		{"target", o.Target},
		{"secret", o.Secret},
		{"storage_pool", o.StoragePool},
		{"new_name", o.NewName},
	}
	set := all[:0]
	for _, argument := range all {
		if argument[1] != "" {
			set = append(set, argument)
		}
	}
	return set
}

// Enabled tells whether lines are written, of changes or of reads.
func (l Logger) Enabled(ctx context.Context, change bool) bool {
	return l.sink != nil && l.sink.Enabled(ctx, change)
}

// Start begins a call. The function that it returns ends the call and writes the line; its argument is how the call was refused, such as
// "EPERM", and empty where it was obeyed.
func (l Logger) Start(ctx context.Context, call Call) (end func(refusal string)) {
	if !l.Enabled(ctx, call.Change) {
		return func(string) {}
	}
	begun := time.Now()
	return func(refusal string) {
		took := time.Since(begun)
		fields := map[string]any{"call": call.Name, "duration_ms": took.Milliseconds()}
		remarks := []string{inWords(took)}
		if call.Attempt > 1 {
			fields["attempt"] = call.Attempt
			remarks = append(remarks, fmt.Sprintf("attempt %d", call.Attempt))
		}
		if refusal != "" {
			fields["refusal"] = refusal
			remarks = append([]string{refusal}, remarks...)
		}
		l.write(ctx, call.Change, call.Name, call.Object, remarks, fields)
	}
}

// Refusal is an error in a word or two, for errors without a code of the cluster's or the hypervisor's own: never the text of a reply.
func Refusal(err error) string {
	var p *problem.Problem
	switch {
	case err == nil:
		return ""
	case errors.As(err, &p):
		return p.Kind.String()
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return problem.Other.String()
}

// progressStep is how often a wait is logged.
const progressStep = 5 * time.Second

// Wait begins something that takes long, such as the wait for a guest to give a disk up. Each call of the function that it
// returns says that it is not over yet; a line is written at the first one, and then every five seconds.
func (l Logger) Wait(ctx context.Context, waitsFor string, object Object) (progress func()) {
	return l.Progress(ctx, waitsFor, object, func() string { return "" })
}

// Progress is [Logger.Wait] for what tells how far it is. done says that in words, such as "40 %"; it is asked only for a line that is
// written.
func (l Logger) Progress(ctx context.Context, waitsFor string, object Object, done func() string) (progress func()) {
	if !l.Enabled(ctx, true) {
		return func() {}
	}
	begun := time.Now()
	var logged time.Time
	return func() {
		if !logged.IsZero() && time.Since(logged) < progressStep {
			return
		}
		logged = time.Now()
		waited := logged.Sub(begun)
		fields := map[string]any{"waits_for": waitsFor, "waited_ms": waited.Milliseconds()}
		remarks := []string{"since " + inWords(waited)}
		if told := done(); told != "" {
			fields["done"] = told
			remarks = append(remarks, told)
		}
		l.write(ctx, true, "waits for "+waitsFor, object, remarks, fields)
	}
}

// During runs something that takes long and tells nothing before its end, and writes the lines of [Logger.Wait] meanwhile.
func (l Logger) During(ctx context.Context, waitsFor string, object Object, run func()) {
	if !l.Enabled(ctx, true) {
		run()
		return
	}
	progress, over := l.Wait(ctx, waitsFor, object), make(chan struct{})
	var told sync.WaitGroup
	told.Go(func() {
		step := time.NewTicker(progressStep)
		defer step.Stop()
		for {
			select {
			case <-over:
				return
			case <-step.C:
				progress()
			}
		}
	})
	run()
	close(over)
	told.Wait()
}

func (l Logger) write(ctx context.Context, change bool, what string, object Object, remarks []string, fields map[string]any) {
	var message strings.Builder
	fmt.Fprintf(&message, "%s %s: %s", l.kind, l.label, what)
	fields[l.kind] = l.label
	for _, argument := range object.arguments() {
		fmt.Fprintf(&message, " %s=%s", argument[0], argument[1])
		fields[argument[0]] = argument[1]
	}
	fmt.Fprintf(&message, " (%s)", strings.Join(remarks, ", "))
	l.sink.Write(ctx, change, message.String(), fields)
}

// inWords is a duration with as many digits as a reader needs.
func inWords(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
