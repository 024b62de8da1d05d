package ceph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// command is a monitor or manager command: "prefix" and its arguments, by the names of the monitors' own table.
type command map[string]any

// mon sends a command and decodes the JSON reply into reply, unless that is nil. what is the sentence for the problem.
func (c *Cluster) mon(ctx context.Context, what string, cmd command, reply any) error {
	_, err := c.monStatus(ctx, what, cmd, reply)
	return err
}

// refusal is what a monitor answered instead of obeying, for callers that know more than its number.
type refusal struct {
	errno  Errno
	status string
}

func (r refusal) is(errno Errno) bool { return r.errno == errno }

// unknownCommand tells whether the release doesn't have the command.
func (r refusal) unknownCommand() bool {
	return r.is(EINVAL) && strings.Contains(r.status, "command not known")
}

// monStatus is mon, and returns the refusal beside the problem.
func (c *Cluster) monStatus(ctx context.Context, what string, cmd command, reply any) (refusal, error) {
	return c.send(ctx, what, cmd, reply, func(ctx context.Context, conn Conn, text []byte) ([]byte, string, error) {
		return conn.MonCommand(ctx, text, nil)
	})
}

// monKeyring is monStatus for a command that takes a user's keyring as its input. The monitors quote in their status what they can't read
// of it, the key too: nothing of the key is in the refusal or the problem.
func (c *Cluster) monKeyring(ctx context.Context, what string, cmd command, name string, key Key, caps map[string]string) (refusal, error) {
	input := keyring(name, key, caps)
	return c.send(ctx, what, cmd, nil, func(ctx context.Context, conn Conn, text []byte) ([]byte, string, error) {
		out, status, err := conn.MonCommand(ctx, text, input.Bytes())
		return out, key.HideIn(status), err
	})
}

func (c *Cluster) send(ctx context.Context, what string, cmd command, reply any,
	via func(context.Context, Conn, []byte) ([]byte, string, error),
) (refusal, error) {
	conn, err := c.breaker.Acquire(ctx)
	if err != nil {
		return refusal{}, err
	}
	defer conn.Release(ctx)
	if reply != nil {
		cmd["format"] = "json"
	}
	text, err := json.Marshal(cmd)
	if err != nil {
		return refusal{}, c.failed(what, "", err)
	}
	if changesPools(cmd) {
		defer c.poolCache.Changing()()
		defer c.served.Changing()()
		defer c.snapshots.Changing()() // which name their pool
	}
	if changesUsers(cmd) {
		defer c.userConns.Changing()()
	}
	out, status, err := c.withinTimeout(ctx, conn.Conn, text, via)
	if err != nil {
		switch {
		case lost(err):
			conn.Retire()
		case unanswered(err):
			// The connection is kept: what was sent may still be carried out, and only on the same connection a later command comes after it.
			conn.Doubt()
		}
		return refusal{errno: errnoOf(err), status: status}, c.failed(what, status, err)
	}
	if reply == nil {
		return refusal{}, nil
	}
	if err := decodeReply(out, reply); err != nil {
		// A reply may hold a key, so its text is never part of the error.
		return refusal{}, c.failed(what, "", fmt.Errorf("the reply to %q can't be understood: %w", cmd["prefix"], err))
	}
	return refusal{}, nil
}

// fraction is a number for an argument that the monitors declare as CephFloat. They take 1 for an integer, and refuse it as missing.
func fraction(v float64) json.RawMessage {
	text := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return json.RawMessage(text)
}

// withinTimeout sends a command with the cluster's operation timeout. The client library has it too, and ends first, counting in whole
// seconds; but nothing waits for it without a limit.
func (c *Cluster) withinTimeout(ctx context.Context, conn Conn, text []byte,
	via func(context.Context, Conn, []byte) ([]byte, string, error),
) (out []byte, status string, err error) {
	bounded, cancel := context.WithTimeout(ctx, c.cfg.OperationTimeout+time.Second)
	defer cancel()
	out, status, err = via(bounded, conn, text)
	return out, status, ownLimit(ctx, err)
}

// ownLimit makes the end of a call's own time the error that tells of operation_timeout, unless the time of the whole operation is up too.
func ownLimit(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return ETIMEDOUT
	}
	return err
}

// call runs a call of the connection that has no status.
func (c *Cluster) call(ctx context.Context, what string, call func(Conn) error) error {
	_, err := c.callErrno(ctx, what, call)
	return err
}

// callErrno is call, and returns the errno beside the problem.
func (c *Cluster) callErrno(ctx context.Context, what string, call func(Conn) error) (Errno, error) {
	conn, err := c.breaker.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Release(ctx)
	if err := call(conn.Conn); err != nil {
		if lost(err) {
			conn.Retire()
		}
		failure := c.failed(what, "", err)
		if errors.Is(err, context.DeadlineExceeded) || errnoOf(err) == ETIMEDOUT {
			c.nameUnserved(ctx, failure)
		}
		return errnoOf(err), failure
	}
	return 0, nil
}

// read is call with the cluster's operation timeout, for what only reads and can be given up at any time. It returns the call's value,
// whatever the error, and the errno beside the problem.
func read[T any](
	ctx context.Context, c *Cluster, what string, call func(context.Context, Conn) (T, error),
) (value T, errno Errno, err error) {
	errno, err = c.read(ctx, what, func(ctx context.Context, conn Conn) (err error) {
		value, err = call(ctx, conn)
		return err
	})
	return value, errno, err
}

// read is the function read for what has no value.
func (c *Cluster) read(ctx context.Context, what string, call func(context.Context, Conn) error) (Errno, error) {
	bounded, cancel := context.WithTimeout(ctx, c.cfg.OperationTimeout)
	defer cancel()
	return c.callErrno(ctx, what, func(conn Conn) error { return ownLimit(ctx, call(bounded, conn)) })
}

// lost tells that a connection can't be used any more.
func lost(err error) bool { return errnoOf(err) == ESHUTDOWN || errnoOf(err) == ENOTCONN }

// Limits of a reply, far above those of a cluster with ten thousand pools or users. What is decoded takes much more memory than its text.
const (
	longestReply = 64 << 20
	mostInReply  = 1 << 19 // objects and lists
)

// decodeReply decodes JSON as Ceph writes it: some releases write bare inf and nan for numbers.
func decodeReply(out []byte, reply any) error {
	if n := bytes.Count(out, []byte{'{'}) + bytes.Count(out, []byte{'['}); len(out) > longestReply || n > mostInReply {
		return fmt.Errorf("it has %d bytes and %d objects and lists, more than any cluster needs", len(out), n)
	}
	err := json.Unmarshal(out, reply)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		err = json.Unmarshal(replaceBareNumbers(out), reply)
	}
	if errors.As(err, &syntax) {
		return fmt.Errorf("it is not JSON, at byte %d of %d", syntax.Offset, len(out))
	}
	return err
}

// replaceBareNumbers turns inf, -inf and nan outside of strings into null.
func replaceBareNumbers(in []byte) []byte {
	out := make([]byte, 0, len(in))
	quoted := false
	for i := 0; i < len(in); i++ {
		switch {
		case quoted && in[i] == '\\' && i+1 < len(in):
			out = append(out, in[i], in[i+1])
			i++
			continue
		case in[i] == '"':
			quoted = !quoted
		case !quoted:
			if word := bareNumber(in[i:]); word > 0 {
				out = append(out, "null"...)
				i += word - 1
				continue
			}
		}
		out = append(out, in[i])
	}
	return out
}

func bareNumber(in []byte) int {
	for _, word := range []string{"-inf", "inf", "-nan", "nan"} {
		if bytes.HasPrefix(in, []byte(word)) {
			return len(word)
		}
	}
	return 0
}
