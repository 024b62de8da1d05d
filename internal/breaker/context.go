package breaker

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// event is the number of a failure, or of the beginning of an operation, in the order in which they happened. Two of them may fall into
// one tick of a clock.
type event uint64

var events atomic.Uint64

func nextEvent() event { return event(events.Add(1)) }

type (
	retryKey    struct{}
	optionalKey struct{}
)

// Retry marks the beginning of an operation that changes something: with its context a service is dialled again whose last attempt had
// failed before. An attempt that fails during the operation is not repeated, so that each operation waits for one attempt.
func Retry(ctx context.Context) context.Context {
	return context.WithValue(ctx, retryKey{}, nextEvent())
}

// Optional bounds a question that an operation can do without. It is never a reason to dial a service again, whichever operation asks;
// and a service that doesn't answer within the limit is not asked again by others like it.
func Optional(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	ctx = context.WithValue(ctx, optionalKey{}, true)
	return context.WithTimeoutCause(ctx, limit, TimeLimit(limit))
}

func mayRetry(ctx context.Context, failed event) bool {
	began, ok := ctx.Value(retryKey{}).(event)
	return ok && began > failed && !IsOptional(ctx)
}

// IsOptional tells whether a context is that of a question which an operation can do without.
func IsOptional(ctx context.Context) bool { return ctx.Value(optionalKey{}) != nil }

// pastLimit tells that a context has ended by the limit of [Optional], and not with the operation.
func pastLimit(ctx context.Context) bool {
	_, past := context.Cause(ctx).(TimeLimit) //nolint:errorlint // the cause itself: a problem that wraps one is another call's
	return past
}

// TimeLimit is the cause for which a context of [Optional] ends by itself. It is context.DeadlineExceeded.
type TimeLimit time.Duration

func (l TimeLimit) Error() string { return fmt.Sprintf("no answer within %s", time.Duration(l)) }

// Is makes it equal to context.DeadlineExceeded.
func (l TimeLimit) Is(target error) bool { return target == context.DeadlineExceeded }
