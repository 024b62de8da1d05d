package ceph

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// Each row is how a wait ends: when, and with which of the answers.
func TestAwaitRelease(t *testing.T) {
	held, failed := errors.New("held by a guest"), errors.New("no answer")
	type answer struct{ held, err error }
	for name, tc := range map[string]struct {
		answers []answer // the last one for ever
		limit   time.Duration
		ends    error
		after   time.Duration
	}{
		"nobody":                          {[]answer{{nil, nil}}, time.Hour, nil, 0},
		"somebody who goes":               {[]answer{{held, nil}, {held, nil}, {nil, nil}}, time.Hour, nil, time.Second},
		"somebody who stays":              {[]answer{{held, nil}}, time.Hour, held, 40 * time.Second},
		"somebody, in an apply that ends": {[]answer{{held, nil}}, 2300 * time.Millisecond, held, 2300 * time.Millisecond},
		"an error":                        {[]answer{{nil, failed}}, time.Hour, failed, 0},
		"an error after somebody":         {[]answer{{held, nil}, {nil, failed}}, time.Hour, failed, releaseInterval},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tc.limit)
				defer cancel()
				begin, asked := time.Now(), 0
				err := awaitRelease(ctx, releaseTimeout, func() {}, func() (held, err error) {
					now := tc.answers[min(asked, len(tc.answers)-1)]
					asked++
					return now.held, now.err
				})
				if took := time.Since(begin); !errors.Is(err, tc.ends) || took != tc.after {
					t.Errorf("%v after %s", err, took)
				}
			})
		})
	}
	// The answer that the end of the time cuts off may name nobody; that nobody holds the image any more is true then too.
	unnamed := errors.New("held by somebody")
	for name, tc := range map[string]struct {
		answer answer
		want   error
	}{
		"an error as the time ends":          {answer{nil, failed}, held},
		"less of an answer as the time ends": {answer{unnamed, nil}, held},
		"nobody any more just as it ends":    {answer{nil, nil}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				asked := 0
				err := awaitRelease(ctx, releaseTimeout, func() {}, func() (error, error) {
					if asked++; asked == 1 {
						return held, nil
					}
					cancel()
					return tc.answer.held, tc.answer.err
				})
				if !errors.Is(err, tc.want) {
					t.Errorf("got %v, want %v", err, tc.want)
				}
			})
		})
	}
}
