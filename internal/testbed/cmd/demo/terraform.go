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

// terraformLog is the file with all output of Terraform. The demo shows some lines of it.
var terraformLog = filepath.Join(folder, "terraform.log")

// endTimeout is how long an interrupted Terraform may take to end.
const endTimeout = 30 * time.Second

// shownLines match the lines that are shown, by Terraform's command: the resources in a plan and their number; the resources that were
// applied and their number.
var shownLines = map[string]*regexp.Regexp{
	"plan":  regexp.MustCompile(`^(  # |Plan: )`),
	"apply": regexp.MustCompile(`^(\S+: \w+ complete after |Apply complete!)`),
}

// logLevels are the variables that have Terraform write a log; with one of them the demo shows the provider's lines.
var logLevels = []string{"TF_LOG", "TF_LOG_PROVIDER"}

// logged matches a line of the provider in Terraform's log: what it did to which cluster or hypervisor.
var logged = regexp.MustCompile(`^\S+ \[[A-Z]+\] +provider\.terraform-provider-ceph\S*: ((?:cluster|hypervisor) .*?\)): `)

func (w *workspace) terraform(ctx context.Context, args ...string) error {
	log, err := os.OpenFile(terraformLog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	fmt.Fprintf(log, "\n$ terraform %s\n", strings.Join(args, " "))

	shown := &matchingLines{to: os.Stdout, match: shownLines[args[0]]}
	lines := &matchingLines{to: os.Stdout, match: logged}
	var complaint bytes.Buffer
	command := exec.CommandContext(ctx, w.command, append([]string{args[0], "-input=false", "-no-color"}, args[1:]...)...)
	command.Dir, command.Env = workspaceFolder, w.env
	command.Stdout, command.Stderr = io.MultiWriter(log, shown), io.MultiWriter(log, lines, &complaint)
	// Ctrl-C at the terminal would be a second interrupt, after which Terraform ends without ending its providers.
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
