package ceph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// unanswered tells whether an error leaves open what became of a request.
func unanswered(err error) bool {
	return slices.Contains([]Errno{ETIMEDOUT, ENOTCONN, ESHUTDOWN}, errnoOf(err)) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// How often, and for how long, the outcome of an unanswered request is looked up. A cluster that was stuck answers from its old state
// until it has carried out the request.
const (
	recheckAttempts = 5
	recheckTimeout  = 10 * time.Second
)

var recheckInterval = 200 * time.Millisecond // shorter in tests

// recheck looks up the outcome of an unanswered request, also when the operation's own time is up: otherwise a request that was carried
// out would count as failed. It ends with the first answer that is no error.
func recheck[T any](ctx context.Context, ask func(context.Context) (T, error)) (value T, err error) {
	ctx, cancel := grace.Context(ctx, recheckTimeout)
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

// mayStillBe tells of an object whose create got no answer, and which wasn't there when that was looked up.
func mayStillBe(object string) string {
	return fmt.Sprintf("The %s may still be made: the next apply takes it up then, or says that it exists and how to import it.", object)
}

// outcomeUnknown adds what may have happened to the error of an unanswered request whose outcome could not be looked up either.
func outcomeUnknown(err error, may string) error {
	return problem.Amend(err, func(p *problem.Problem) { p.Do = strings.TrimSpace(p.Do + " " + may) })
}
