package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// terraformLog holds all that Terraform says; the demo shows the lines that tell what happens.
var terraformLog = filepath.Join(folder, "terraform.log")

// endTimeout is how long an interrupted Terraform gets to end what it is doing.
const endTimeout = 30 * time.Second

// telling are the lines that say what happens, by Terraform's verb: the resources in a plan and its sum; the resources that
// are done and their sum.
var telling = map[string]*regexp.Regexp{
	"plan":  regexp.MustCompile(`^(  # |Plan: )`),
	"apply": regexp.MustCompile(`^(\S+: \w+ complete after |Apply complete!)`),
}

// logLevels are the variables that have Terraform write a log; with one of them the demo shows the provider's lines.
var logLevels = []string{"TF_LOG", "TF_LOG_PROVIDER"}

// logged is a line of the provider in Terraform's log: what it did to which cluster or hypervisor.
var logged = regexp.MustCompile(`^\S+ \[[A-Z]+\] +provider\.terraform-provider-ceph\S*: ((?:cluster|hypervisor) .*?\)): `)

// tellingLines passes on whole lines that match, or of them the part that the expression's group matches, without those that don't.
type tellingLines struct {
	to      io.Writer
	match   *regexp.Regexp // nil: none
	partial []byte
}

func (t *tellingLines) Write(p []byte) (int, error) {
	t.partial = append(t.partial, p...)
	for {
		end := bytes.IndexByte(t.partial, '\n')
		if end < 0 {
			return len(p), nil
		}
		line := t.partial[:end+1]
		t.partial = t.partial[end+1:]
		if t.match == nil {
			continue
		}
		parts := t.match.FindSubmatch(line)
		if parts == nil {
			continue
		}
		if t.match == logged {
			line = parts[1]
		}
		if _, err := fmt.Fprintf(t.to, "  %s\n", bytes.TrimSpace(line)); err != nil {
			return 0, err
		}
	}
}

func (w *workspace) terraform(ctx context.Context, args ...string) error {
	log, err := os.OpenFile(terraformLog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	fmt.Fprintf(log, "\n$ terraform %s\n", strings.Join(args, " "))

	shown := &tellingLines{to: os.Stdout, match: telling[args[0]]}
	lines := &tellingLines{to: os.Stdout, match: logged}
	var complaint bytes.Buffer
	command := exec.CommandContext(ctx, w.command, append([]string{args[0], "-input=false", "-no-color"}, args[1:]...)...)
	command.Dir, command.Env = workspaceFolder, w.env
	command.Stdout, command.Stderr = io.MultiWriter(log, shown), io.MultiWriter(log, lines, &complaint)
	// A second interrupt, which a Ctrl-C at the terminal would be, makes Terraform leave its providers behind.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = endTimeout
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("terraform %s was stopped: %w", args[0], context.Cause(ctx))
		}
		return fmt.Errorf("terraform %s failed: %w\n%s", args[0], err, complaint.String())
	}
	return nil
}
