#!/usr/bin/perl
# completions.pl BIN OUT: write what bash, zsh and fish complete for the tools
# in the directory BIN, by their tables of options, to OUT/bk.bash, OUT/_bk and
# OUT/bk.fish.
use strict;
use warnings;
use Text::Tabs;

die "usage: completions.pl BIN OUT\n" unless @ARGV == 2;
my ($bin, $out) = @ARGV;
my $made = "made from the tools' tables of options";

# [{ name, takes, order, options => [{ letter, name, arg, words, kind, text }] }]
my @tools = map { tool($_) } sort glob "$bin/bk-*";

sub tool {
	my $path = shift;
	open my $table, '-|', $path, '--help=table' or die "$path: $!\n";
	chomp(my ($operands, @lines) = <$table>);
	close $table or die "$path --help=table failed\n";
	my ($name) = $path =~ m{([^/]+)$};
	my @options;
	for (@lines) {
		my %o;
		@o{qw(letter name arg values text)} = split /\t/, $_, -1;
		next if $o{arg} =~ /^-1/;	# digits
		kind(\%o);
		push @options, \%o;
	}
	$operands =~ s/[<>] \w+//g;
	return { name => $name, options => \@options, takes =>
	    $operands =~ /^(\[--\] )?COMMAND/ ? 'command' :
	    $operands =~ /\b(DIR|FILE|PATH)\b/ ? 'files' :  '' };
}

sub kind {
	my $o = shift;
	my $values = $o->{values} || $o->{arg};
	$values =~ s/^\[=?(.*)\]$/$1/;
	$o->{optional} = $o->{arg} =~ /^\[/;
	$o->{words} = $values =~ /^[a-z3-]+(\|[a-z3-]+)*$/ ?
	    join ' ', split /\|/, $values : '';
	$o->{files} = $values eq 'FILE';
	$o->{dirs} = $values eq 'DIR';
}

sub quoted {
	my $s = join '', @_;
	$s =~ s/'/'\\''/g;
	return "'$s'";
}

sub names {
	my $o = shift;
	return (("-$o->{letter}") x ($o->{letter} ne ''),
	    ("--$o->{name}") x ($o->{name} ne ''));
}

sub output {
	my ($file, @text) = @_;
	open my $to, '>', "$out/$file" or die "$out/$file: $!\n";
	print $to @text;
	close $to or die "$out/$file: $!\n";
}

# --- bash

# fill HEAD WORD...: words after HEAD, in lines of at most 80 columns.
sub fill {
	my ($head, @words) = @_;
	my ($indent) = $head =~ /^(\s*)/;
	my @lines = ($head);
	for (@words) {
		push @lines, "$indent   " if length(expand("$lines[-1] $_")) > 76;
		$lines[-1] .= " $_";
	}
	s/^(.*") /$1/ for @lines;
	return join " \\\n", @lines;
}

sub bash {
	my $text = <<"END";
# bash completion of the bk tools: make install puts it where bash-completion
# finds it; otherwise source it.
# $made
#
# shellcheck shell=bash disable=SC2207	# options are words

# Anything but an option, or a value listed here, is a file.
_bk() {
	local word=\${COMP_WORDS[COMP_CWORD]} words=
	local option=\${COMP_WORDS[COMP_CWORD - 1]}
	# bash takes --tier=w for three words
	[[ \$word != = ]] || word=
	[[ \$option != = ]] || option=\${COMP_WORDS[COMP_CWORD - 2]}
	case "\${1##*/} \$option" in
END
	for my $tool (@tools) {
		for my $o (grep { $_->{words} } @{$tool->{options}}) {
			my $case = join ' | ', map { "\"$tool->{name} $_\"" } names($o);
			$text .= "\t$case) words=\"$o->{words}\" ;;\n";
		}
	}
	$text .= "\tesac\n\tif [[ -z \$words && \$word == -* ]]; then\n" .
	    "\t\tcase \${1##*/} in\n";
	for my $tool (@tools) {
		my @words = map { $_->{name} ? "--$_->{name}" : () } @{$tool->{options}};
		$text .= fill("\t\t$tool->{name}) words=\"", @words) . "\" ;;\n";
	}
	$text .= "\t\tesac\n\tfi\n\tCOMPREPLY=(\$(compgen -W \"\$words\" -- \"\$word\"))\n}\n\n" .
	    fill('complete -o default -F _bk', map { $_->{name} } @tools) . "\n";
	return $text;
}

# --- zsh

sub zsh_spec {
	my $o = shift;
	my @names = names($o);
	my $text = $o->{text};
	$text =~ s/([\[\]])/\\$1/g;
	my $spec = $text eq '' ? '' : "[$text]";
	my $short = $o->{letter} ne '' && $o->{arg} ne '' ? '+' : '';
	my $long = $o->{arg} eq '' ? '' : $o->{optional} ? '=-' : '=';
	if ($o->{arg} ne '') {
		(my $arg = $o->{arg}) =~ s/([:\[\]])/\\$1/g;
		$spec .= ($o->{optional} ? '::' : ':') . $arg . ':' .
		    ($o->{words} ? "($o->{words})" : $o->{files} ? '_files' :
		    $o->{dirs} ? '_files -/' : ' ');
	}
	my @forms = map { /^--/ ? "$_$long" : "$_$short" } @names;
	my $once = $o->{arg} eq '' ? quoted('(', join(' ', @names), ')') : quoted('*');
	return @forms == 1 ? quoted($o->{arg} eq '' ? '' : '*', $forms[0], $spec) :
	    $once . '{' . join(',', @forms) . '}' . ($spec eq '' ? '' : quoted($spec));
}

sub zsh {
	my $text = "#compdef " . join(' ', map { $_->{name} } @tools) . <<"END";

# $made

_bk() {
	local -a options
	case \$service in
END
	for my $tool (@tools) {
		$text .= "\t$tool->{name})\n\t\toptions=(\n";
		$text .= "\t\t\t" . zsh_spec($_) . "\n" for @{$tool->{options}};
		$text .= "\t\t\t" . quoted($_) . "\n" for
		    $tool->{takes} eq 'command' ? ('(-):command: _command_names -e', '*::argument: _normal') :
		    $tool->{takes} eq 'files' ? ('*:file:_files') : ();
		$text .= "\t\t) ;;\n";
	}
	return $text . "\tesac\n\t_arguments -s -S \$options\n}\n\n_bk \"\$@\"\n";
}

# --- fish

sub fish_line {
	my ($tool, $o) = @_;
	my $line = "complete -c $tool->{name}";
	$line .= " -s $o->{letter}" if $o->{letter} ne '';
	$line .= " -l $o->{name}" if $o->{name} ne '';
	if ($o->{arg} ne '') {
		$line .= $o->{files} ? ' -F' : ' -f';
		$line .= ' -r' unless $o->{optional};
		$line .= " -a '$o->{words}'" if $o->{words};
		$line .= " -a '(__fish_complete_directories)'" if $o->{dirs};
	}
	(my $text = $o->{text}) =~ s/(['\\])/\\$1/g;
	return $line . ($text eq '' ? '' : " -d '$text'") . "\n";
}

sub fish {
	my $text = <<"END";
# fish completion of the bk tools: make install puts it where fish finds it, for
# each tool.
# $made
END
	for my $tool (@tools) {
		$text .= "\n";
		$text .= "complete -c $tool->{name} -f\n" if $tool->{takes} eq '';
		$text .= "complete -c $tool->{name} -x -a '(__fish_complete_subcommand)'\n"
		    if $tool->{takes} eq 'command';
		$text .= fish_line($tool, $_) for @{$tool->{options}};
	}
	return $text;
}

output('bk.bash', bash());
output('_bk', zsh());
output('bk.fish', fish());
