package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/terraformcli"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

var workspaceFolder = filepath.Join(folder, "multiple-clusters")

// workspace is a copy of the example with the variables that make it fit the bed.
type workspace struct {
	command string
	env     []string
}

func newWorkspace(bed *testbed.Bed, terraform string) (*workspace, error) {
	command, err := filepath.Abs(terraform)
	if err != nil {
		return nil, err
	}
	config, err := terraformcli.Mirror(filepath.Join(folder, "terraform"), provider)
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(workspaceFolder, os.DirFS(example)); err != nil {
		return nil, err
	}
	variables, keys, err := variables(bed)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, "env"), []byte(script(bed, command, config, variables)), 0o600); err != nil {
		return nil, err
	}
	env := append(terraformcli.Env(config), "TF_VAR_admin_keys="+keys, bed.Mark())
	for _, name := range logLevels {
		if level, set := os.LookupEnv(name); set {
			env = append(env, name+"="+level)
		}
	}
	for name, value := range variables {
		env = append(env, "TF_VAR_"+name+"="+value)
	}
	return &workspace{command: command, env: env}, nil
}

// variables returns the values of the example's variables as Terraform takes them from the environment. The keys are
// apart, since they are never written to a file.
func variables(bed *testbed.Bed) (values map[string]string, keys string, err error) {
	clusters, disks, adminKeys := map[string]string{}, map[string]string{}, map[string]string{}
	for i, c := range bed.Clusters() {
		clusters[c.Name] = c.MonHost
		disks[c.Name] = "vd" + string(rune('b'+i))
		adminKeys[c.Name] = c.AdminKey
	}
	var texts [3]string
	for i, labels := range []map[string]string{clusters, disks, adminKeys} {
		text, err := json.Marshal(labels)
		if err != nil {
			return nil, "", err
		}
		texts[i] = string(text)
	}
	return map[string]string{
		"clusters":       texts[0],
		"disks":          texts[1],
		"hypervisor_uri": bed.Hypervisor(hypervisor).URI,
		"force_destroy":  "true",
	}, texts[2], nil
}

// script sets up a shell for the example. It asks the clusters for the keys instead of holding them.
func script(bed *testbed.Bed, command, config string, variables map[string]string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "export TF_CLI_CONFIG_FILE=%s\n", quote(config))
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		fmt.Fprintf(&text, "export TF_VAR_%s=%s\n", name, quote(variables[name]))
	}
	var keys []string
	for _, cluster := range bed.Clusters() {
		keys = append(keys, fmt.Sprintf(`\"%s\":\"$(ceph -c %s auth get-key client.admin)\"`, cluster.Name, quote(cluster.ConfigFile)))
	}
	fmt.Fprintf(&text, "export TF_VAR_admin_keys=\"{%s}\"\n", strings.Join(keys, ","))
	if filepath.Base(command) != "terraform" || !onPath(command) {
		fmt.Fprintf(&text, "alias terraform=%s\n", quote(command))
	}
	return text.String()
}

func onPath(command string) bool {
	found, err := exec.LookPath("terraform")
	return err == nil && found == command
}

// quote makes a word for the shell.
func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
