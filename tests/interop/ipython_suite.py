"""What of IPython's own test suite is run against our layer, and which of its tests fail there, with the reasons."""

from __future__ import annotations

__all__ = ["FAILING", "FILES", "LEFT_OUT", "VERSION"]

VERSION = "9.18.1"

#: ``tests/test_*.py`` of its source distribution. The others are about its inner parts, or its own prompt. Those come last that leave the shell in another state when one of their tests fails.
FILES = """
    alias contexts data decorators decorators_2 dir2 display display_trap encoding error extension frame handlers imports importstring
    inputtransformer2_line io ipstruct macro magic module_paths openpy pretty sentinel splitinput sysinfo syspathcontext tempdir text_utils timing
    run prefilter interactiveshell displayhook ultratb
"""

#: Not run. Interrupts reach the test itself, where IPython turns them into an error of the script.
LEFT_OUT = (
    "magic::test_script_do_not_raise_on_interrupt",
    "magic::test_script_raise_on_interrupt",
)

#: Reason -> the tests that fail for it; ``[`` and what follows it are left off.
FAILING = {
    "an inner part of IPython is looked at or replaced, which is another here": """
        display_trap::test_display_trap_nested_level_tracks_nesting
        encoding::test_getdefaultencoding_cp0_returns_cp1252
        encoding::test_getdefaultencoding_deprecated_prefer_stream_warns
        error::test_input_rejected_is_not_ipython_core_error
        error::test_stdin_not_implemented_error_is_ipython_core_error
        interactiveshell::test_control_c
        interactiveshell::test_extraneous_loads
        interactiveshell::test_ofind_slotted_attributes
        interactiveshell::test_set_custom_completer
        interactiveshell::test_set_show_tracebacks_none
        interactiveshell::test_showtraceback_with_surrogates
        interactiveshell::test_silent_nodisplayhook
        magic::test_cd_force_quiet
        magic::test_debug_magic_breakpoint_quoted_path
        magic::test_edit_cell
        magic::test_edit_fname
        magic::test_edit_interactive
        magic::test_extract_code_ranges
        magic::test_extract_symbols
        magic::test_lazy_magic_help_finds_both_kinds_first_try
        magic::test_lazy_magic_missing_implementation_raises
        magic::test_lazy_magic_missing_implementation_raises_at_any_depth
        magic::test_load_all_lazy_magics_loads_both_kind_halves
        magic::test_logging_magic_not_quiet
        magic::test_logging_magic_quiet_from_arg
        magic::test_logging_magic_quiet_from_config
        magic::test_ls_magic
        magic::test_multiline_time
        magic::test_registered_magic_beats_lazy_one
        magic::test_rehashx
        magic::test_script_config
        magic::test_strip_initial_indent
        magic::test_xmode
        prefilter::test_autocall_binops
        pretty::test_basic_class
        run::test_obj_del
        run::test_script_tb
        run::test_tclass
    """,
    "the same is said in other words, or by other means": """
        data::test_uniq_stable_raises_deprecation_warning
        display::test_audio_raises_for_nested_list
        display::test_escaped_names_FileLinks
        display::test_escaped_url_Audio
        interactiveshell::test_ast_transform_error_unregistering
        interactiveshell::test_bad_custom_tb
        interactiveshell::test_bad_custom_tb_return
        interactiveshell::test_enable_gui_tk_simple_prompt_message
        interactiveshell::test_get_exception_only
        interactiveshell::test_magic_warnings
        interactiveshell::test_reset_aliasing
        macro::test_macro_repr
        magic::test_env_set_whitespace
        magic::test_magic_magic
        magic::test_save
        magic::test_save_with_no_args
        pretty::test_mappingproxy
        splitinput::test_LineInfo_ofind_deprecated
        timing::test_timings_out_invalid_reps_raises
        timing::test_timings_out_negative_reps_raises
        ultratb::testSyntaxError
        ultratb::test_dynamic_code
        ultratb::test_recursion_one_frame
        ultratb::test_recursion_three_frames
        ultratb::test_sysexit_while_handling_error
        ultratb::test_xmode_doctest
    """,
    "it works in another way here": """
        inputtransformer2_line::test_classic_prompt
        magic::test_capture
        magic::test_macro
        magic::test_macro_run
        magic::test_reset_in_length
        module_paths::test_find_mod_5
        prefilter::test_issue_114
        run::test_debug_run_submodule
    """,
}
