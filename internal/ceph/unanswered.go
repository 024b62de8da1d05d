package ceph

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// unanswered tells whether an error leaves open what became of a request.
func unanswered(err error) bool {
	return slices.Contains([]Errno{ETIMEDOUT, ENOTCONN, ESHUTDOWN}, errnoOf(err)) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// The questions what became of a request to which no answer came: how many, and how long all may take. A cluster that stood still
// needs a moment to wake up, and answers from what it had before until it has written what it was asked for.
const (
	recheckAttempts = 5
	recheckTimeout  = 10 * time.Second
)

var recheckInterval = 200 * time.Millisecond // shorter in tests

// recheck asks what became of a request to which no answer came, whether or not the operation itself is over: without it what
// was obeyed would be taken for not done. It is over with the first answer that is no error.
func recheck[T any](ctx context.Context, ask func(context.Context) (T, error)) (value T, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recheckTimeout)
	defer cancel()
	for range recheckAttempts {
		if value, err = ask(ctx); err == nil {
			return value, nil
		}
		select {
		case <-time.After(recheckInterval):
		case <-ctx.Done():
			return value, err
		}
	}
	return value, err
}

// outcomeUnknown says beside the error of a request to which no answer came, and none to the question what became of it, what may
// be.
func outcomeUnknown(err error, may string) error {
	err = problem.Copy(err)
	var p *problem.Problem
	if errors.As(err, &p) {
		p.Do = strings.TrimSpace(p.Do + " " + may)
	}
	return err
}
