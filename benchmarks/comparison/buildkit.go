// Prints what BuildKit's build checks say of each Dockerfile named as an argument, as JSON:
// the path, and the names of its warnings or "BuildError". It runs the checks by themselves, as
// `docker build --check` does, with a resolver that knows no base image, so that nothing is pulled.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/opencontainers/go-digest"
)

type noImage struct{}

func (noImage) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	config := `{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}`
	return ref, digest.FromString(ref), []byte(config), nil
}

func main() {
	said := map[string][]string{}
	for _, path := range os.Args[1:] {
		text, err := os.ReadFile(path)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		source := llb.NewSourceMap(nil, path, "Dockerfile", text)
		source.Definition = &llb.Definition{}
		results, err := dockerfile2llb.DockerfileLint(context.Background(), text, dockerfile2llb.ConvertOpt{
			MetaResolver: noImage{},
			SourceMap:    source,
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, path, err)
			os.Exit(1)
		}
		names := []string{}
		for _, warning := range results.Warnings {
			line := int32(0)
			if ranges := warning.Location.GetRanges(); len(ranges) > 0 {
				line = ranges[0].Start.Line
			}
			names = append(names, fmt.Sprintf("%s: %s (line %d)", warning.RuleName, warning.Detail, line))
		}
		if results.Error != nil {
			names = append(names, "BuildError: "+results.Error.Message)
		}
		said[path] = names
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		os.Exit(1)
	}
}
