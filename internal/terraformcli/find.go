// Package terraformcli finds a Terraform for the demo, the tests and the documentation, and lets it use the provider that was just
// built, without a registry.
package terraformcli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/releases"
)

// Pinned is the release of Terraform that is downloaded where none is found.
const Pinned = "1.14.3"

// oldest are the first releases that know write-only arguments and ephemeral variables, which the examples use.
var oldest = map[string]*version.Version{
	"terraform": version.Must(version.NewVersion("1.11.0")),
	"tofu":      version.Must(version.NewVersion("1.11.0")),
}

// Find returns the path of the Terraform to use: the one that TF_ACC_TERRAFORM_PATH names, else terraform or tofu on
// PATH if it is new enough for the examples, else the absolute path of a pinned release, which is fetched into dir once.
func Find(ctx context.Context, dir string) (string, error) {
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		return path, nil
	}
	var passed []string
	for _, name := range []string{"terraform", "tofu"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		why := unfit(ctx, name, path)
		if why == "" {
			return path, nil
		}
		passed = append(passed, why)
	}
	return fetch(ctx, dir, passed)
}

// unfit returns why this command can't be used, or nothing if it can.
func unfit(ctx context.Context, name, path string) string {
	command := exec.CommandContext(ctx, path, "version", "-json")
	// A broken command-line configuration of the user would change the output.
	command.Env = Env(os.DevNull)
	reply, err := command.Output()
	if err != nil {
		return fmt.Sprintf("%s does not run: %v", path, err)
	}
	var answer struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(reply, &answer); err != nil {
		return fmt.Sprintf("%s does not tell its version: %v", path, err)
	}
	found, err := version.NewVersion(answer.Version)
	if err != nil {
		return fmt.Sprintf("%s does not tell its version: %v", path, err)
	}
	if found.LessThan(oldest[name]) {
		return fmt.Sprintf("%s is version %s, the examples need %s", path, found, oldest[name])
	}
	return ""
}

func fetch(ctx context.Context, dir string, passed []string) (string, error) {
	// Tests run in the folders of their packages.
	path, err := filepath.Abs(filepath.Join(dir, "terraform-"+Pinned, "terraform"))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return "", err
	}
	// hc-install checks the archive's checksum and its signature.
	installer := &releases.ExactVersion{
		Product:    product.Terraform,
		Version:    version.Must(version.NewVersion(Pinned)),
		InstallDir: filepath.Dir(path),
	}
	installed, err := installer.Install(ctx)
	if err == nil {
		return installed, nil
	}
	what := "neither terraform nor tofu is on PATH"
	if len(passed) > 0 {
		what = "no Terraform on PATH can be used (" + strings.Join(passed, "; ") + ")"
	}
	return "", fmt.Errorf("%s, and Terraform %s could not be fetched: put terraform %s or tofu %s or newer on PATH\n%w",
		what, Pinned, oldest["terraform"], oldest["tofu"], err)
}

// Env returns this process's environment without variables that change what Terraform does, and with the given command-line
// configuration. Variables of the Terraform configuration (TF_VAR_…) stay.
func Env(config string) []string {
	steering := []string{
		"TF_CLI_CONFIG_FILE", "TF_DATA_DIR", "TF_WORKSPACE", "TF_IN_AUTOMATION", "TF_INPUT", "TF_REATTACH_PROVIDERS",
		"TF_PLUGIN_CACHE_DIR", "TF_APPEND_USER_AGENT", "TF_DISABLE_PLUGIN_TLS", "TF_SKIP_PROVIDER_VERIFY",
	}
	env := []string{"TF_CLI_CONFIG_FILE=" + config}
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !slices.Contains(steering, name) && !strings.HasPrefix(name, "TF_CLI_ARGS") && !strings.HasPrefix(name, "TF_LOG") {
			env = append(env, entry)
		}
	}
	return env
}
