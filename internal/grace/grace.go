// Package grace bounds what is still to be done after an operation's end: to look what became of a request that was not answered, to take
// a step back, to end a probe. An operation has ended when its time is over or when Terraform was told to stop; it must not outlive that
// end by more than two seconds, whatever hangs, and however many such things there are to do one after the other.
package grace

import (
	"context"
	"time"
)

// Period is how long after the end of an operation something may still be done for it. It leaves the rest of the two seconds to a busy
// machine.
const Period = 1500 * time.Millisecond

// periodKey is the context's key for the context that ends with the operation's period of grace.
type periodKey struct{}

// WithTimeout begins an operation with a time limit. All that is done with [Context] after its end shares one [Period].
func WithTimeout(parent context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	operation, end := context.WithTimeout(parent, limit)
	ctx, release := withPeriod(operation)
	return ctx, func() {
		release()
		end()
	}
}

// withPeriod lets a period of grace begin when the operation ends.
func withPeriod(operation context.Context) (context.Context, context.CancelFunc) {
	period, over := context.WithCancel(context.WithoutCancel(operation))
	stop := context.AfterFunc(operation, func() { time.AfterFunc(Period, over) })
	return context.WithValue(operation, periodKey{}, period), func() {
		stop()
		over()
	}
}

// Context returns a context for what is to be done also when the operation has ended, with the operation's values. It ends after the limit,
// and at most a [Period] after the operation. Where none was begun by [WithTimeout], the operation is whoever ctx belongs to.
func Context(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	release := func() {}
	if ctx.Value(periodKey{}) == nil {
		ctx, release = withPeriod(ctx)
	}
	period, _ := ctx.Value(periodKey{}).(context.Context)
	detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	stop := context.AfterFunc(period, cancel)
	return detached, func() {
		stop()
		cancel()
		release()
	}
}
