package transport

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// The transport ssh is the command ssh, as with libvirt's own client: what works by hand works here, with ssh_config, jump
// hosts, the agent, hardware keys, certificates and hashed known_hosts.

// sshArgs are the command's arguments.
func (e Endpoint) sshArgs(ctx context.Context) []string {
	// ssh must not ask anything, must not take a banner for an error, and must not open the forwardings of ssh_config.
	args := []string{
		"-T", "-e", "none", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", "ClearAllForwardings=yes", "-o", "ForwardAgent=no",
		"-o", "ForwardX11=no", "-o", "RemoteCommand=none",
	}
	// ssh ends by itself a little before its deadline: then its error says why. It also ends where this process was killed.
	if deadline, ok := ctx.Deadline(); ok {
		args = append(args, "-o", fmt.Sprintf("ConnectTimeout=%d", max(1, int(time.Until(deadline).Seconds())-1)))
	}
	if port := e.uri.Port(); port != "" {
		args = append(args, "-p", port)
	}
	if name := e.uri.User.Username(); name != "" {
		args = append(args, "-l", name)
	}
	if file := e.query.Get("keyfile"); file != "" {
		args = append(args, "-i", file)
	}
	if switchedOn(e.query.Get("no_verify")) {
		args = append(args, "-o", "StrictHostKeyChecking=no")
	}
	return append(args, "--", e.uri.Hostname())
}

func (e Endpoint) sshCommand() string { return cmp.Or(e.query.Get("command"), "ssh") }

// sshByHand is the command that shows an operator what ssh says.
func (e Endpoint) sshByHand() string {
	words := []string{e.sshCommand()}
	if file := e.query.Get("keyfile"); file != "" {
		words = append(words, "-i", file)
	}
	if port := e.uri.Port(); port != "" {
		words = append(words, "-p", port)
	}
	host := e.uri.Hostname()
	if name := e.uri.User.Username(); name != "" {
		host = name + "@" + host
	}
	words = append(words, host, "true")
	for i, word := range words {
		words[i] = problem.Word(word)
	}
	return strings.Join(words, " ")
}

// dialSSH starts ssh. Only the first bytes from it show that it has reached the daemon.
func (e Endpoint) dialSSH(ctx context.Context) (io.ReadWriteCloser, error) {
	path, err := exec.LookPath(e.sshCommand())
	if err != nil {
		return nil, &Refusal{
			problem.Invalid, fmt.Sprintf("The command %s isn't on the machine where Terraform runs.", e.sshCommand()),
			"Install it (package openssh-client), correct the parameter command if there is one, or write qemu+libssh:// in the uri, which does" +
				" without but reads no ssh_config.", err.Error(),
		}
	}
	stdin, toSSH, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	fromSSH, stdout, err := os.Pipe()
	if err != nil {
		_, _ = stdin.Close(), toSSH.Close()
		return nil, err
	}
	c := &commandConn{endpoint: e, reader: fromSSH, writer: toSSH, ended: make(chan struct{})}
	c.command = exec.Command(path, append(e.sshArgs(ctx), "sh -c "+problem.Quote(e.remoteScript()))...)
	c.command.Env = sshEnvironment(os.Environ())
	c.command.Stdin, c.command.Stdout, c.command.Stderr = stdin, stdout, &c.stderr
	// A session of its own keeps Ctrl-C away from ssh, which the provider still needs to end in order, and keeps ssh from
	// asking on the terminal.
	c.command.SysProcAttr = ownSession()
	// A shared connection that ssh leaves in the background (ControlPersist) keeps its standard error.
	c.command.WaitDelay = time.Second
	err = c.command.Start()
	_, _ = stdin.Close(), stdout.Close()
	if err != nil {
		_, _ = fromSSH.Close(), toSSH.Close()
		return nil, err
	}
	go func() {
		_ = c.command.Wait() // explain looks at its status
		close(c.ended)
	}()
	return c, nil
}

// sshEnvironment leaves out Terraform's variables: keys may be among them, and ssh_config can send an environment along.
func sshEnvironment(all []string) []string {
	kept := slices.DeleteFunc(all, func(entry string) bool { return strings.HasPrefix(entry, "TF_") || strings.HasPrefix(entry, "LC_ALL=") })
	return append(kept, "LC_ALL=C")
}

// commandConn is a connection through the input and output of an ssh process.
type commandConn struct {
	endpoint       Endpoint
	command        *exec.Cmd
	reader, writer *os.File
	stderr         tail
	ended          chan struct{}
}

// Read fails with what ssh wrote to its standard error where it ended by itself.
func (c *commandConn) Read(p []byte) (int, error) {
	n, err := c.reader.Read(p)
	if n == 0 && errors.Is(err, io.EOF) {
		err = c.explain(err)
	}
	return n, err
}

func (c *commandConn) Write(p []byte) (int, error) {
	n, err := c.writer.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		err = c.explain(err)
	}
	return n, err
}

// explain waits for the end of ssh, which comes a moment after that of its output.
func (c *commandConn) explain(err error) error {
	select {
	case <-c.ended:
		return c.endpoint.explainSSH(c.stderr.String(), c.command.ProcessState.ExitCode())
	case <-time.After(2 * c.command.WaitDelay):
		return err
	}
}

// Close ends ssh; the daemon sees the connection end.
func (c *commandConn) Close() error {
	_, _, _ = c.writer.Close(), c.reader.Close(), c.command.Process.Kill()
	return nil
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	const enough = 4000
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > enough {
		t.text = append([]byte(nil), t.text[len(t.text)-enough:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(bytes.ReplaceAll(t.text, []byte("\r"), nil)))
}

// sshFailed is the exit status with which ssh tells its own failures from those of the command that it ran.
const sshFailed = 255

// explainSSH tells why ssh ended.
func (e Endpoint) explainSSH(words string, status int) *Refusal {
	if words == "" {
		words = fmt.Sprintf("%s ended with status %d", e.sshCommand(), status)
	}
	if status != sshFailed {
		return e.explainRemote(words)
	}
	for _, known := range []struct {
		phrases []string
		refusal *Refusal
	}{
		{[]string{"IDENTIFICATION HAS CHANGED"}, e.changedHostKey(words)},
		{[]string{"Host key verification failed", "you have requested strict checking"}, e.unknownHostKey(
			"Connect once by hand, compare the fingerprint with the host's, and accept it: "+e.sshByHand(), words,
		)},
		{[]string{"Permission denied (", "Too many authentication failures"}, e.keysRefused(words)},
		{[]string{"Could not resolve hostname"}, &Refusal{
			problem.Unreachable, "The name of the host is not known here.", "Correct the uri, the DNS or ~/.ssh/config.", words,
		}},
		{[]string{"Connection refused", "timed out", "No route to host", "Network is unreachable"}, &Refusal{
			problem.Unreachable, "No sshd answers there.",
			"Check that the host is up and that its sshd listens on the port in the uri (22 where there is none).", words,
		}},
	} {
		for _, phrase := range known.phrases {
			if strings.Contains(words, phrase) {
				return known.refusal
			}
		}
	}
	return &Refusal{problem.Unreachable, "ssh did not connect.", "Check that this works on the machine where Terraform runs:" +
		" " + e.sshByHand(), words}
}

// keysRefused adds whether there is an agent, and the command that shows whether the advice was enough.
func (e Endpoint) keysRefused(raw string) *Refusal {
	r := refusedKey
	if os.Getenv("SSH_AUTH_SOCK") == "" {
		r.Why += " There is no agent here: SSH_AUTH_SOCK isn't set."
	}
	r.Do += " This has to work without a question: " + e.sshByHand()
	r.Raw = raw
	return &r
}

func (e Endpoint) changedHostKey(raw string) *Refusal {
	host := e.uri.Hostname()
	if port := e.uri.Port(); port != "" && port != "22" {
		host = "[" + host + "]:" + port
	}
	return &Refusal{
		problem.Unreachable, "The host shows another ssh host key than the one in known_hosts: it was reinstalled, or it is another machine.",
		fmt.Sprintf("Find out which. If it is the right host, forget the former key (ssh-keygen -R '%s', with -f for another file), connect"+
			" once by "+
			"hand and compare the fingerprint with the host's.", host), raw,
	}
}

func (e Endpoint) unknownHostKey(do, raw string) *Refusal {
	return &Refusal{problem.Unreachable, "The host's ssh host key isn't in known_hosts, so nobody can tell whether it is the right" +
		" host.", do, raw}
}

var refusedKey = Refusal{
	Kind: problem.Denied,
	Why:  "The host's sshd took none of the keys that it was offered.",
	Do: "The public key has to be in the authorized_keys of that user on the host. A key with a passphrase has to be in the agent: ssh-add" +
		" it, and see that SSH_AUTH_SOCK is set where Terraform runs.",
}
