package problem

import (
	"errors"
	"fmt"
	"testing"
)

func TestTheRawReplyIsLast(t *testing.T) {
	p := &Problem{What: "It failed.", Do: "Try again.", Raw: "-13 (EACCES)"}
	if got, want := p.Error(), "It failed.\n\nTry again.\n\nReply: -13 (EACCES)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestKindIsFoundThroughWrappingAndJoining(t *testing.T) {
	missing := &Problem{Kind: NotFound, What: "It is not there."}
	for _, err := range []error{missing, fmt.Errorf("while reading: %w", missing), errors.Join(errors.New("first"), missing)} {
		if !Is(err, NotFound) || Is(err, Unreachable) {
			t.Errorf("%v is not recognised", err)
		}
	}
	if Is(nil, NotFound) || Is(errors.New("not found"), NotFound) {
		t.Error("only a typed fact counts as not found")
	}
}
