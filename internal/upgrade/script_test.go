//go:build cgo

package upgrade_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// script is a file with a command in each line: ceph, rbd or virsh, its arguments, and "< FILE" for its standard input. A line that
// begins with # is a comment.
type script struct {
	commands []command
	// expected and forgotten are the arguments of the lines "expect ADDRESS" and "forget ADDRESS", which run nothing.
	expected, forgotten []string
}

// command is one line, or several lines of ceph that read no file.
type command struct {
	program string
	args    []string
	stdin   string
}

func readScript(t *testing.T, folder, name string) script {
	t.Helper()
	var s script
	all := bedTokens(t)
	for line := range strings.Lines(string(readFile(t, folder, name))) {
		line, input, _ := strings.Cut(strings.TrimSpace(line), " < ")
		line = all.expand(line)
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		stdin := ""
		if input != "" {
			stdin = all.expand(string(readFile(t, folder, input)))
		}
		switch words[0] {
		case "expect":
			s.expected = append(s.expected, words[1])
		case "forget":
			s.forgotten = append(s.forgotten, words[1])
		case "ceph":
			if input == "" {
				s.addToSession(strings.TrimPrefix(line, "ceph "))
				break
			}
			fallthrough
		default:
			s.commands = append(s.commands, command{words[0], words[1:], stdin})
		}
	}
	return s
}

// addToSession adds a command to the ceph process that runs the one before it: without arguments it reads commands from its standard
// input. A start of ceph takes longer than all of them. It does not report a command that fails; expectMade finds what is missing.
func (s *script) addToSession(line string) {
	if n := len(s.commands); n == 0 || s.commands[n-1].program != "ceph" || len(s.commands[n-1].args) > 0 {
		s.commands = append(s.commands, command{program: "ceph"})
	}
	s.commands[len(s.commands)-1].stdin += line + "\n"
}

// runScript runs the commands of a file.
func runScript(t *testing.T, folder, name string) script {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c, h := acctest.Bed(t).Cluster(cluster), acctest.Bed(t).Hypervisor(hypervisor)
	s := readScript(t, folder, name)
	for _, command := range s.commands {
		var err error
		switch command.program {
		case "ceph":
			_, err = c.CephIn(ctx, command.stdin, command.args...)
		case "rbd":
			_, err = c.RBDIn(ctx, command.stdin, command.args...)
		case "virsh":
			_, err = h.VirshIn(ctx, command.stdin, command.args...)
		default:
			t.Fatalf("%s: %s is none of ceph, rbd, virsh", filepath.Join(folder, name), command.program)
		}
		if err != nil {
			t.Fatalf("%s: %v", filepath.Join(folder, name), err)
		}
	}
	return s
}
