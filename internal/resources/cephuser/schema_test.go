package cephuser

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// A service that takes no capabilities is refused before its text is known.
func TestCapsOfAnUnknownService(t *testing.T) {
	for service, refused := range map[string]bool{"rgw": true, "mon": false} {
		caps := types.MapValueMust(types.StringType, map[string]attr.Value{service: types.StringUnknown()})
		var resp validator.MapResponse
		capsValidator{}.ValidateMap(t.Context(), validator.MapRequest{Path: path.Root("caps"), ConfigValue: caps}, &resp)
		if resp.Diagnostics.HasError() != refused || refused && !strings.Contains(resp.Diagnostics[0].Detail(), "takes no capabilities") {
			t.Errorf("%s: %v", service, resp.Diagnostics)
		}
	}
}
