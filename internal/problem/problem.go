// Package problem is the one shape of error that the Ceph and libvirt clients return: a fact that code can decide on
// and a text that tells an operator what to do.
package problem

import (
	"errors"
	"strings"
)

// Kind is the fact that code decides on. Nothing else in an error is ever matched.
type Kind int

// The kinds of problem.
const (
	// Other is a failure that no code treats specially.
	Other Kind = iota
	// NotFound is a definite "it is not there", from a listing of the right cluster or host. Never a lost connection.
	NotFound
	// Exists means that the name is taken.
	Exists
	// Unreachable means no connection or no answer in time; nothing is known about the object.
	Unreachable
	// Unknown means that the provider configuration is not known yet: the question has to wait for the apply.
	Unknown
	// WrongIdentity means that a label leads to another cluster or host than the recorded one.
	WrongIdentity
	// Denied is a refused key or a permission that is missing.
	Denied
	// Busy means that somebody uses the object: watchers, clients, a running domain.
	Busy
	// Refused is this provider's own refusal, in order to protect data or a guest.
	Refused
	// Unsupported means that the release at the other end cannot do it.
	Unsupported
	// Invalid is a value that cannot work.
	Invalid
	// Unserved means that a pool has too few OSDs to be read or written: whoever tries waits without end.
	Unserved
	// Removing means that the removal of the object has begun and not ended: what is left can only be removed.
	Removing
	// Orphaned means that an image can't be opened because its parent went with a pool: it can only be removed, or moved to the trash.
	Orphaned
)

var kindNames = map[Kind]string{
	Other: "failed", NotFound: "not found", Exists: "exists", Unreachable: "unreachable", Unknown: "not known yet",
	WrongIdentity: "wrong identity", Denied: "denied", Busy: "busy", Refused: "refused", Unsupported: "unsupported", Invalid: "invalid",
	Unserved: "unserved", Removing: "half removed", Orphaned: "parent gone",
}

// String returns the kind in a word or two, as the log tells it.
func (k Kind) String() string { return kindNames[k] }

// Problem is an error in the order in which it is read: what happened, why, what to do, and the raw reply last.
// None of the texts ever holds a key.
type Problem struct {
	Kind Kind
	What string // one sentence: what was tried and failed, with the names of cluster, host and object
	Why  string // one or more sentences, empty when nothing is known
	Do   string // what the operator can do about it
	Raw  string // the daemon's own words, with its code

	// Unanswered means that no answer came to a request: whether it was obeyed is not known.
	Unanswered bool
}

// Error returns all parts, separated by blank lines.
func (p *Problem) Error() string {
	parts := make([]string, 0, 4)
	for _, part := range []string{p.What, p.Why, p.Do} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if p.Raw != "" {
		parts = append(parts, "Reply: "+p.Raw)
	}
	return strings.Join(parts, "\n\n")
}

// Is reports whether err is, or wraps, a problem of this kind.
func Is(err error, kind Kind) bool {
	var p *Problem
	return errors.As(err, &p) && p.Kind == kind
}

// Unanswered reports whether err is, or wraps, a problem after which it is not known whether a request was obeyed.
func Unanswered(err error) bool {
	var p *Problem
	return errors.As(err, &p) && p.Unanswered
}

// NoAnswer reports whether err is, or wraps, a problem of a service that could not be reached or didn't answer, so that it says nothing of
// what was asked for.
func NoAnswer(err error) bool { return Unanswered(err) || Is(err, Unreachable) }

// KindOf is the kind of the problem that err is, or wraps; Other where it is none.
func KindOf(err error) Kind {
	var p *Problem
	if errors.As(err, &p) {
		return p.Kind
	}
	return Other
}

// Copy returns an equal error that its caller may change. Where one error is kept for several callers, each of them gets a copy.
func Copy(err error) error { return Amend(err, func(*Problem) {}) }

// Amend returns the error as change leaves it, with the same argument at fault. The one that is given stays as it is: it may be kept for
// other callers. An error that wraps no problem is returned itself.
func Amend(err error, change func(*Problem)) error {
	var p *Problem
	if !errors.As(err, &p) {
		return err
	}
	own := *p
	change(&own)
	return At(Argument(err), &own)
}

// located is an error with the argument of the configuration at fault.
type located struct {
	argument string
	err      error
}

func (l *located) Error() string { return l.err.Error() }
func (l *located) Unwrap() error { return l.err }

// At adds to an error the argument of the configuration at fault; nil stays nil, and with no argument the error stays as it is.
func At(argument string, err error) error {
	if err == nil || argument == "" {
		return err
	}
	return &located{argument, err}
}

// Argument is the name of the argument at fault, empty where there is none.
func Argument(err error) string {
	var l *located
	if !errors.As(err, &l) {
		return ""
	}
	return l.argument
}

// Warning is what the operator should know, and no reason to stop.
type Warning struct {
	Argument string // that it is about, empty for none
	Summary  string
	Text     string
}
