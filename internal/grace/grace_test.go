package grace

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

type valueKey struct{}

// What is done after the end of an operation, step by step, takes a Period in all, and its limit where the operation goes on.
func TestContext(t *testing.T) {
	const limit, own = 10 * time.Second, time.Minute
	for name, tc := range map[string]struct {
		begin    func(context.Context) (context.Context, context.CancelFunc)
		stopped  time.Duration   // when Terraform is told to stop; 0 where it isn't
		asks     []time.Duration // when something is to be done
		endsWith []time.Duration // and when it is ended
	}{
		"an operation that goes on": {started(own), 0, []time.Duration{0, 5 * time.Second}, []time.Duration{limit, 5*time.Second + limit}},
		"its time is over":          {started(own), 0, []time.Duration{55 * time.Second}, []time.Duration{own + Period}},
		"stopped meanwhile": {
			started(own), time.Second,
			[]time.Duration{0, 0},
			[]time.Duration{time.Second + Period, time.Second + Period},
		},
		"one step after the other": {
			started(own), time.Second,
			[]time.Duration{2 * time.Second, 2400 * time.Millisecond, 9 * time.Second},
			[]time.Duration{time.Second + Period, time.Second + Period, 9 * time.Second},
		},
		"no operation was begun": {
			func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} }, time.Second,
			[]time.Duration{0, 2 * time.Second},
			[]time.Duration{time.Second + Period, 2*time.Second + Period},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				parent, stop := context.WithCancel(context.WithValue(t.Context(), valueKey{}, true))
				defer stop()
				if tc.stopped > 0 {
					time.AfterFunc(tc.stopped, stop)
				}
				operation, end := tc.begin(parent)
				defer end()
				for i, ask := range tc.asks {
					go func() {
						<-time.After(ask)
						ctx, cancel := Context(operation, limit)
						defer cancel()
						// What is done may itself have to be done in any case.
						nested, cancel := Context(ctx, limit)
						defer cancel()
						<-nested.Done()
						if took := time.Since(begun); took != tc.endsWith[i] || ctx.Value(valueKey{}) != true {
							t.Errorf("step %d ended after %s, not %s", i, took, tc.endsWith[i])
						}
					}()
				}
				<-time.After(2 * time.Minute)
			})
		})
	}
}

func started(limit time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) { return WithTimeout(ctx, limit) }
}

// With the operation's return everything ends that was done for it.
func TestNothingOutlivesTheOperation(t *testing.T) {
	operation, end := WithTimeout(t.Context(), time.Hour)
	ctx, cancel := Context(operation, time.Hour)
	defer cancel()
	end()
	<-ctx.Done()
	<-operation.Done()
}
