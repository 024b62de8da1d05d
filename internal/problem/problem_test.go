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

func TestAmendedErrorsKeepTheirArgument(t *testing.T) {
	kept := At("image", fmt.Errorf("wrapped: %w", &Problem{Kind: Busy, What: "It is open."}))
	amended := Amend(kept, func(p *Problem) { p.Do = "Close it." })
	if got := amended.Error(); got != "It is open.\n\nClose it." || Argument(amended) != "image" || KindOf(amended) != Busy {
		t.Errorf("%q at %q, %v", got, Argument(amended), KindOf(amended))
	}
	if got := kept.Error(); got != "wrapped: It is open." {
		t.Errorf("the kept error has become %q", got)
	}
	if plain := errors.New("plain"); !errors.Is(Amend(plain, func(*Problem) { t.Error("changed") }), plain) || KindOf(plain) != Other {
		t.Error("an error without a problem has changed")
	}
}
