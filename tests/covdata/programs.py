"""A Go module that has every kind of function and block that the data files can hold."""

from __future__ import annotations

FILES = {
    "go.mod": "module example.com/many\n\ngo 1.21\n",
    "cmd/app/main.go": """package main

import (
	"fmt"
	"os"
	"strconv"

	"example.com/many/internal/shapes"
)

var twice = func(n int) int { return 2 * n }

func init() { fmt.Fprint(os.Stderr, "") }

func main() {
	sum := 0
	times := 1
	if len(os.Args) > 1 {
		times, _ = strconv.Atoi(os.Args[1])
	}
	for i := 0; i < times; i++ {
		sum += shapes.Area(shapes.Square{Side: twice(i)})
		func() {
			if i%2 == 0 {
				sum++
			}
		}()
	}
	fmt.Println(sum, shapes.Max(sum, times))
}

func init() {
	if os.Getenv("NEVER_SET") != "" {
		never()
	}
}

func never() {
	fmt.Println("never")
	switch len(os.Args) {
	case 1:
		return
	default:
		panic("not so many")
	}
}
""",
    "cmd/other/main.go": """package main

import (
	"fmt"

	"example.com/many/internal/shapes"
)

func main() { fmt.Println(shapes.Max("a", "b")) }
""",
    "internal/shapes/shapes.go": """// Package shapes has methods, generics and empty functions.
package shapes

type Shape interface{ area() int }

type Square struct{ Side int }

func (s Square) area() int {
	if s.Side < 0 { return 0 }; return s.Side * s.Side
}

type Circle struct{ radius int }

func (c *Circle) area() int { return 3 * c.radius * c.radius }

func (c *Circle) nothing() {}

func Area(s Shape) int {
	switch s := s.(type) {
	case Square:
		return s.area()
	case *Circle:
		s.nothing()
		return s.area()
	}
	return -1
}

func Max[T int | string](a, b T) T {
	if a > b {
		return a
	}
	return b
}
""",
    "internal/shapes/é.go": 'package shapes\n\nfunc Unused() bool { return len("é") == 2 }\n',
    "internal/kinds/kinds.go": "package kinds\n\n// Kind has no statements.\ntype Kind int\n\nconst One Kind = 1\n",
}
